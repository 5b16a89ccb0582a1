#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

namespace standin::sim {

/// What may go wrong in a run, each to be switched on and off by itself. The rates are drawn for each run.
enum class Sabotage : std::uint8_t {
  crash,  ///< standin dies, at any point between two turns of its loops or two writes to its disk, and starts again
  shop_crash,    ///< the shop dies between any two of its steps
  pause,         ///< standin stands still for longer than its leases, and goes on
  network,       ///< connections refused and lost, before, within and after the request; answers garbled
  answers_lost,  ///< the party did it, and the answer never comes
  repeats,       ///< something in between sends a request twice
  partition,     ///< a link is cut, one way or both, for a while
  slow_network,  ///< latencies far beyond the usual, late answers
  slow_disk,     ///< a sync takes seconds
  disk_errors,   ///< writes and syncs fail; a bit is flipped where a checksum must catch it
  disk_full,     ///< no space, for a while
  clock,         ///< wall clocks that are set between two lives of a process, and drift; parties' clocks that are wrong
  slow_gateway,  ///< authorizations that come after every deadline
  gateway_errors,  ///< 5xx, vendor error codes, locations that refuse or announce themselves down
  names,           ///< a host's name does not resolve, or resolves to where nobody listens
  memory,          ///< the budget for requests in flight is small
  careless_shop,   ///< an application without a unique index on Standin-Key, where the route's configuration says so
  operators,  ///< replays started, paused, stopped and repeated; modes forced; configurations reloaded; keys rotated
  rude_shoppers,  ///< hang up, retry at once, retry with a new key, change the payload, void while it is open
};

constexpr std::array all_sabotage = {
    Sabotage::crash,         Sabotage::shop_crash,     Sabotage::pause,        Sabotage::network,
    Sabotage::answers_lost,  Sabotage::repeats,        Sabotage::partition,    Sabotage::slow_network,
    Sabotage::slow_disk,     Sabotage::disk_errors,    Sabotage::disk_full,    Sabotage::clock,
    Sabotage::slow_gateway,  Sabotage::gateway_errors, Sabotage::names,        Sabotage::memory,
    Sabotage::careless_shop, Sabotage::operators,      Sabotage::rude_shoppers};

/// As options and reports spell it: "slow_disk".
std::string_view name(Sabotage sabotage);
std::optional<Sabotage> parse_sabotage(std::string_view name);

/// How often each kind struck.
using FaultCounts = std::map<Sabotage, std::uint64_t>;

}  // namespace standin::sim
