#pragma once

#include <map>
#include <memory>
#include <string>

#include "config/config.h"
#include "dialect/dialect.h"
#include "dialect/party_queries.h"
#include "journal/journal.h"
#include "replay/search.h"
#include "upstream/party.h"

namespace standin {

/// A party that a route's orders may be bound to.
struct Counterparty {
  std::shared_ptr<Party> party;
  std::shared_ptr<const Dialect> dialect;  ///< what its answers mean
  std::shared_ptr<const PartyQueries> queries;
  std::shared_ptr<ListingSearch> search;  ///< where `queries` look through a listing; the Replayer makes it
};

/// What the configuration in force says of a route whose orders are kept.
struct ReplayRoute {
  RouteConfig route;
  StandInConfig stand_in;
  std::shared_ptr<const Dialect> dialect;       ///< the client's: in which the requests were kept
  std::map<std::string, Counterparty> parties;  ///< by upstream name: route.upstream and more_upstreams

  /// Nothing if the order is bound to a party that the route has no more.
  const Counterparty* party_of(const OrderRow& order) const;
};

/// The charge in the words of the party that the order is bound to, with that party's credential: as it was sent to it,
/// but for what is added on the way out. An error says why the party cannot be asked for it.
Result<Request> in_the_partys_words(const ReplayRoute& route, const OrderRow& order, const Request& kept);

/// A capture, void or refund that was kept behind `charge`, in the words of the party that has the charge: with its
/// reference there. `charged`: the charge's own request, as kept.
Result<Request> about_charge(const ReplayRoute& route, const OrderRow& order, const Request& kept,
                             const OrderRow& charge, const Result<Request>& charged);

/// The request as it goes out: with what the party's dialect adds.
Result<Request> on_the_way_out(const ReplayRoute& route, const OrderRow& order, const Request& kept,
                               std::optional<Duration> reverse_after);

}  // namespace standin
