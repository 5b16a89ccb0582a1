#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "app/operator_client.h"
#include "base/result.h"

namespace standin::demo {

/// What the running standin says of itself, through what any operator can ask.
struct Numbers {
  std::map<std::string, std::uint64_t> answered;  ///< requests by how they were answered: forwarded, accepted, ...
  std::map<std::string, std::uint64_t> orders;    ///< by state
  std::int64_t exposure_minor = 0;
  std::int64_t exposure_peak_minor = 0;
  std::string breaker, health;
  bool replay_running = false;
  std::string paused_why;  ///< of the replay; empty: it is not paused

  std::uint64_t in(std::initializer_list<const char*> states) const;
};

/// One order of the journal.
struct KeptOrder {
  std::string id, cart, state, cause;
  std::string reference;           ///< as the shopper was told
  std::string upstream_reference;  ///< the shop's, once known
  bool accepted = false;
  int replays = 0;
  bool waits_for_time = false;  ///< open, and looked at again without a person
};

/// What the journal holds at the end.
struct Kept {
  std::vector<KeptOrder> orders;
  std::set<std::string> with_a_person;  ///< carts that have a follow-up, open or closed
};

/// How many answers of each kind: the metric standin_requests_total in Prometheus' text format, summed over the rest of
/// its labels.
std::map<std::string, std::uint64_t> answered_in(const std::string& metrics);

/// Asks a running standin. Blocks the calling thread.
class Standin {
 public:
  Standin(const std::string& socket, std::uint16_t console_port);

  Result<Numbers> numbers();
  Result<void> start_replay();
  Result<Kept> kept();
  /// Whether it is ready to serve.
  bool ready();

 private:
  OperatorClient client_;
  std::string console_url_;
};

}  // namespace standin::demo
