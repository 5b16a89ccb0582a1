#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "app/operator_client.h"
#include "base/result.h"

namespace standin::demo {

/// One side of the running standin: the orders in front of the shop, or the charges in front of the gateway.
struct SideNumbers {
  std::map<std::string, std::uint64_t> answered;  ///< requests by how they were answered: forwarded, accepted, ...
  std::uint64_t waiting = 0;                      ///< promised, and neither kept nor refused yet
  std::uint64_t settled = 0, matched = 0, refused = 0;  ///< by its replay

  std::uint64_t answers(const char* how) const;
};

/// Where standin sends something.
struct SeenTarget {
  std::string breaker, health;
  std::string location;  ///< as its ping calls it
};

/// What the running standin says of itself, through what any operator can ask.
struct Numbers {
  SideNumbers orders, charges;
  std::map<std::string, std::uint64_t> states;  ///< of everything in the journal
  std::int64_t exposure_minor = 0;
  std::int64_t exposure_peak_minor = 0;
  SeenTarget shop;
  std::vector<SeenTarget> gateway;
  std::string paused_why;  ///< of a replay; empty: none is paused

  std::uint64_t in(std::initializer_list<const char*> states) const;
};

/// One order or charge that the journal has an answer of ours to.
struct KeptOrder {
  std::string id, cart, state, cause;  ///< `cart`: the client's own reference; a charge's is the shop's order id
  std::string reference;               ///< as the client was told
  std::string upstream_reference;      ///< the party's, once known
  bool accepted = false;
  int replays = 0;
  bool waits_for_time = false;  ///< open, and looked at again without a person
};

/// What the journal holds at the end.
struct Kept {
  std::vector<KeptOrder> orders, charges;
  std::set<std::string> with_a_person;  ///< carts and order ids that have a follow-up, open or closed
};

/// How many answers of each kind a route gave: the metric standin_requests_total in Prometheus' text format, summed
/// over the rest of its labels.
std::map<std::string, std::uint64_t> answered_in(const std::string& metrics, std::string_view route);

/// Asks a running standin. Blocks the calling thread.
class Standin {
 public:
  Standin(const std::string& socket, std::uint16_t console_port);

  Result<Numbers> numbers();
  /// Of the orders: the charges' starts by itself.
  Result<void> start_replay();
  Result<Kept> kept();
  /// Whether it is ready to serve.
  bool ready();

 private:
  Result<std::vector<KeptOrder>> kept_of(const std::string& route);
  Result<std::string> cart_of(const std::string& order);

  OperatorClient client_;
  std::string console_url_;
};

}  // namespace standin::demo
