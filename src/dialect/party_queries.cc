#include "dialect/party_queries.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "base/text.h"
#include "dialect/body.h"
#include "dialect/gateway.h"
#include "dialect/json_pointer.h"
#include "dialect/plain_text.h"
#include "dialect/template_text.h"

namespace standin {
namespace {

using Values = std::map<std::string, std::string, std::less<>>;

/// "METHOD /target", its placeholders filled in percent-encoded; the template was checked by check_request.
Request request_from(const std::string& text, const Values& values) {
  const auto pieces = split_template(text);
  ensure(pieces.has_value(), "a checked request template can be split");
  std::string line;
  for (const auto& [is_placeholder, piece] : *pieces)
    line += is_placeholder ? percent_encoded(values.at(piece)) : piece;
  const auto space = line.find(' ');
  Request request;
  request.method = line.substr(0, space);
  request.target = line.substr(space + 1);
  return request;
}

bool is_request_line(std::string_view line) {
  const auto space = line.find(' ');
  if (space == 0 || space == std::string_view::npos) return false;
  const std::string_view method = line.substr(0, space);
  const std::string_view target = line.substr(space + 1);
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto is_visible = [](char c) { return c > 0x20 && c < 0x7f; };
  return std::ranges::all_of(method, is_capital) && target.starts_with('/') && std::ranges::all_of(target, is_visible);
}

Result<void> check_request(const std::string& text, const std::vector<std::string>& known) {
  const auto pieces = split_template(text);
  if (!pieces) return std::unexpected(pieces.error());
  std::string line;
  for (const auto& [is_placeholder, piece] : *pieces) {
    if (is_placeholder && std::ranges::find(known, piece) == known.end()) {
      return std::unexpected(unknown_placeholder(piece, known));
    }
    line += is_placeholder ? "x" : piece;
  }
  if (!is_request_line(line)) return failure("is a method and a path, such as \"GET /orders?key={{order_key}}\"");
  return {};
}

Result<void> check_finder(const FinderConfig& finder) {
  if (auto checked = check_request(finder.request, {"order_key", "request_id", "reference"}); !checked) {
    return failure("finder: request: " + checked.error().what, finder.request);
  }
  for (const std::string& text : {finder.list, finder.reference, finder.state}) {
    if (auto pointer = JsonPointer::parse(text); !pointer) return failure("finder: " + pointer.error().what, text);
  }
  if (finder.state.empty() && !finder.not_standing.empty()) {
    return failure("finder: not_standing lists values of a field that state must point at");
  }
  return {};
}

Result<void> check_reversal(const ReversalConfig& reversal) {
  const std::vector<std::string> known{"upstream_reference", "order_key", "request_id", "reference"};
  if (auto checked = check_request(reversal.request, known); !checked) {
    return failure("reversal: request: " + checked.error().what, reversal.request);
  }
  if (reversal.done.empty()) return failure("reversal: done lists the statuses that mean it no longer stands");
  return {};
}

std::optional<JsonValue> at(const std::string& pointer, JsonValue value) {
  const auto parsed = JsonPointer::parse(pointer);
  return parsed ? parsed->in(value) : std::nullopt;
}

/// A string or number that says something; nothing else can name an order or its state.
std::optional<std::string> word_at(const std::string& pointer, JsonValue value) {
  const auto found = at(pointer, value);
  if (!found || (found->kind() != JsonKind::string && found->kind() != JsonKind::number)) return std::nullopt;
  return found->text().empty() ? std::nullopt : std::optional<std::string>(found->text());
}

/// One entry of the answer; nothing if it does not say its reference, or its state where one is configured.
std::optional<Found> read_entry(const FinderConfig& finder, JsonValue entry) {
  auto reference = word_at(finder.reference, entry);
  if (!reference) return std::nullopt;
  Found found{.kind = Found::Kind::one, .upstream_reference = std::move(*reference), .standing = true};
  if (finder.state.empty()) return found;
  const auto state = word_at(finder.state, entry);
  if (!state) return std::nullopt;
  found.standing = std::ranges::find(finder.not_standing, *state) == finder.not_standing.end();
  return found;
}

Found sum_up(const std::vector<Found>& entries) {
  if (entries.empty()) return {.kind = Found::Kind::none};
  const auto standing = std::ranges::count_if(entries, &Found::standing);
  if (standing > 1) return {.kind = Found::Kind::several};
  return standing == 1 ? *std::ranges::find_if(entries, &Found::standing) : entries.front();
}

Found read_entries(const FinderConfig& finder, JsonValue listed) {
  std::vector<Found> entries;
  if (listed.kind() != JsonKind::array) {
    const auto entry = listed.kind() == JsonKind::object ? read_entry(finder, listed) : std::nullopt;
    return entry.value_or(Found{});
  }
  for (const JsonValue element : listed) {
    auto entry = read_entry(finder, element);
    if (!entry) return {};
    entries.push_back(std::move(*entry));
  }
  return sum_up(entries);
}

/// `[upstream.NAME]` finder and reversal by template.
class TemplateQueries final : public PartyQueries {
 public:
  explicit TemplateQueries(UpstreamConfig config) : config_(std::move(config)) {}

  Finding finding() const override { return config_.finder ? Finding::by_request : Finding::none; }
  bool can_reverse() const override { return config_.reversal.has_value(); }

  Request finder_request(const OrderNames& order) const override {
    ensure(config_.finder.has_value(), "a finder is asked only of a party that has one");
    Request request = request_from(
        config_.finder->request,
        {{"order_key", order.key.text()}, {"request_id", order.request_id}, {"reference", order.reference}});
    request.headers.add("Accept", "application/json");
    return request;
  }

  Found read_finder_answer(const Response& response) const override {
    ensure(config_.finder.has_value(), "a finder's answer comes only from a party that has one");
    if (response.status != 200) return {};
    Body body(response.headers, response.body);
    const auto& document = body.json();
    if (!document) return {};
    const auto listed = at(config_.finder->list, document->root());
    return listed ? read_entries(*config_.finder, *listed) : Found{};
  }

  std::optional<Request> reversal_request(const OrderNames& order, const Request&, std::string_view) const override {
    ensure(can_reverse(), "a reversal is sent only to a party that has one");
    return request_from(config_.reversal->request, {{"order_key", order.key.text()},
                                                    {"request_id", order.request_id},
                                                    {"reference", order.reference},
                                                    {"upstream_reference", order.upstream_reference}});
  }

  bool reversal_done(const Response& response) const override {
    ensure(can_reverse(), "a reversal's answer comes only from a party that has one");
    if (media_type(response.headers) == "text/html") return false;
    return std::ranges::find(config_.reversal->done, response.status) != config_.reversal->done.end();
  }

 private:
  UpstreamConfig config_;
};

Result<std::shared_ptr<const PartyQueries>> make_template_queries(const UpstreamConfig& upstream) {
  Result<void> checked;
  if (upstream.finder) checked = check_finder(*upstream.finder);
  if (checked && upstream.reversal) checked = check_reversal(*upstream.reversal);
  if (!checked)
    return failure(fmt::format("upstream.{}: {}", upstream.name, checked.error().what), checked.error().where);
  return std::make_shared<const TemplateQueries>(upstream);
}

}  // namespace

Request PartyQueries::finder_request(const OrderNames&) const { unreachable(); }
Found PartyQueries::read_finder_answer(const Response&) const { unreachable(); }
std::optional<SecretText> PartyQueries::account(const Request&) const { return std::nullopt; }
Request PartyQueries::list_request(const ListQuery&) const { unreachable(); }
Result<ListPage> PartyQueries::read_list(const Response&) const { unreachable(); }
std::optional<Listed> PartyQueries::wanted(const Request&, const OrderNames&) const { return std::nullopt; }
bool PartyQueries::reversal_refused(const Response&) const { return false; }

Result<std::shared_ptr<const PartyQueries>> make_queries(const UpstreamConfig& upstream) {
  if (upstream.dialect == "usaepay") return make_usaepay_queries(upstream);
  if (upstream.dialect == "stripe") return make_stripe_queries(upstream);
  return make_template_queries(upstream);
}

}  // namespace standin
