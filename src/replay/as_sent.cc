#include "replay/as_sent.h"

#include "base/text.h"

namespace standin {
namespace {

Result<Credential> credential_for(const ReplayRoute& route, const OrderRow& order) {
  const auto& credentials = route.party_of(order)->party->config().credentials;
  if (credentials.empty()) return failure("there are no credentials for " + order.upstream, order.upstream);
  return Credential{SecretText(credentials.front().key), SecretText(credentials.front().pin)};
}

Result<Request> translated(const ReplayRoute& route, const OrderRow& order, const Request& kept,
                           const OutboundContext& context) {
  const Counterparty& to = *route.party_of(order);
  const auto credential = credential_for(route, order);
  if (!credential) return std::unexpected(credential.error());
  const auto charge = route.dialect->charge(kept);
  if (!charge) return failure("the request holds what " + order.upstream + " cannot use", order.upstream);
  auto written = to.dialect->write_charge(*charge, *credential, context);
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

Result<Request> about_charge(const ReplayRoute& route, const OrderRow& order, const Request& kept,
                             const OrderRow& charge, const Result<Request>& charged) {
  if (order.upstream == route.route.upstream) {
    return route.dialect->about_upstream(kept, charge.upstream_reference);
  }
  const auto kind = amendment_kind(route.dialect->read(kept).operation);
  const auto credential = credential_for(route, order);
  if (!credential) return std::unexpected(credential.error());
  if (!kind || !charged) return failure("what it asks of " + order.upstream + " cannot be told", order.upstream);
  const auto asked = route.dialect->charge(*charged);
  const Amendment amendment{.kind = *kind,
                            .upstream_reference = charge.upstream_reference,
                            .amount = order.facts.amount,
                            .held = asked && !asked->capture};
  auto written = route.party_of(order)->dialect->write_amendment(amendment, *credential,
                                                                 {order.key, order.reference, std::nullopt});
  if (!written) return failure("it cannot be expressed for " + order.upstream, order.upstream);
  return std::move(*written);
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
