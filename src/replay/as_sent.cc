#include "replay/as_sent.h"

#include "base/text.h"

namespace standin {
namespace {

Result<Request> translated(const ReplayRoute& route, const OrderRow& order, const Request& kept,
                           const OutboundContext& context) {
  const Counterparty& to = *route.party_of(order);
  const auto& credentials = to.party->config().credentials;
  if (credentials.empty()) return failure("there are no credentials for " + order.upstream, order.upstream);
  const auto charge = route.dialect->charge(kept);
  if (!charge) return failure("the request holds what " + order.upstream + " cannot use", order.upstream);
  const Credential credential{SecretText(credentials.front().key), SecretText(credentials.front().pin)};
  auto written = to.dialect->write_charge(*charge, credential, context);
  if (!written) return failure("the charge cannot be expressed for " + order.upstream, order.upstream);
  return std::move(*written);
}

/// In place of credentials that may have expired since.
void replace_credential(Request& request, const std::optional<std::string>& line) {
  if (!line) return;
  const auto colon = line->find(':');
  request.headers.set(trim(std::string_view(*line).substr(0, colon)),
                      trim(std::string_view(*line).substr(std::min(line->size(), colon + 1))));
}

}  // namespace

const Counterparty* ReplayRoute::party_of(const OrderRow& order) const {
  const auto found = parties.find(order.upstream);
  return found == parties.end() ? nullptr : &found->second;
}

Result<Request> in_the_partys_words(const ReplayRoute& route, const OrderRow& order, const Request& kept) {
  if (order.upstream == route.route.upstream) return kept;
  return translated(route, order, kept, {order.key, order.reference, std::nullopt});
}

Result<Request> on_the_way_out(const ReplayRoute& route, const OrderRow& order, const Request& kept,
                               std::optional<Duration> reverse_after) {
  const OutboundContext context{order.key, order.reference, reverse_after};
  if (order.upstream != route.route.upstream) return translated(route, order, kept, context);
  Request request = route.party_of(order)->dialect->outbound(kept, context);
  replace_credential(request, route.stand_in.replay_credential);
  return request;
}

}  // namespace standin
