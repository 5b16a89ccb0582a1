#include <algorithm>

#include "base/text.h"
#include "console/handlers.h"
#include "console/render.h"
#include "console/reply.h"

namespace standin::console {

Task<Response> show_exposure(const ConsolePorts& ports, Call) {
  const std::vector<Money> peaks = ports.journal.exposure_peak();
  boost::json::array list;
  for (const Money& now : ports.journal.exposure()) {
    const auto peak = std::ranges::find(peaks, now.currency, &Money::currency);
    const Money most = peak == peaks.end() ? now : *peak;
    list.emplace_back(boost::json::object{{"currency", now.currency.code()},
                                          {"amount", text(now)},
                                          {"amount_minor", now.minor},
                                          {"peak", text(most)},
                                          {"peak_minor", most.minor}});
  }
  co_return json_list(200, "exposure", std::move(list));
}

Task<Response> show_health(const ConsolePorts& ports, Call) {
  const JournalHealth health = ports.journal.health();
  boost::json::object orders;
  for (const auto& [state, count] : ports.journal.counts()) orders[name(state)] = count;
  co_return json_response(200, {{"promising", health.promising},
                                {"reason", health.reason},
                                {"queued", health.queued},
                                {"orders", std::move(orders)}});
}

std::string who_or_operator(const std::string& given) {
  const std::string_view trimmed = trim(given);
  return trimmed.empty() ? "operator" : std::string(trimmed);
}

}  // namespace standin::console
