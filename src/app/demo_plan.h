#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "rehearsal/faults.h"
#include "rehearsal/gateway/gateway_faults.h"

/// `standin demo`: the story of two outages on this machine, first of the shop and then of the gateway behind it, with
/// real processes, and its count.
namespace standin::demo {

/// The acts, in the order they are played.
enum class Act : std::uint8_t { healthy, slow, killed, failing, back, replay, location, gateway, deferred };
constexpr std::array acts{Act::healthy, Act::slow,     Act::killed,  Act::failing, Act::back,
                          Act::replay,  Act::location, Act::gateway, Act::deferred};

/// One word: the label of the shoppers' phase, too.
std::string_view name(Act act);
/// A line for the audience.
std::string_view tale(Act act);

/// What happens at the beginning of a beat.
enum class Event : std::uint8_t {
  nothing,
  faults,   ///< the shop is told what is wrong with it from now on
  kill,     ///< SIGKILL to the shop
  restart,  ///< a new shop process on the old ledger, with faults from its first request on
  replay,   ///< an operator starts the replay
  gateway,  ///< the gateway is told what is wrong with it from now on
};

/// A part of an act.
struct Beat {
  Act act;
  Event event = Event::nothing;
  Duration span{};
  rehearsal::Faults faults{};
  std::string shop;     ///< how the shop is, in a few words
  std::string gateway;  ///< likewise
  std::vector<rehearsal::GatewayFault> gateway_faults{};
};

/// Of the gateway.
constexpr std::size_t locations = 3;

/// The lengths of one performance. They hang together: an answer that is `slow_by` late misses `response`, and is heard
/// before `listen_late`. Between `response` and `deadline` there is time for a commit on a disk that other programs
/// keep busy: seconds, on a small machine that compiles.
struct Plan {
  Duration deadline;        ///< of the route, and what shoppers are promised
  Duration response;        ///< of the shop, as the proxy sees it
  Duration listen_late;     ///< likewise
  Duration max_processing;  ///< finding nothing counts from then on
  Duration slow_by;
  Duration till_deadline;  ///< of a charge: within `response`
  Duration till_response;  ///< of the gateway
  Duration drain_within;   ///< after the shoppers are gone, every promise is kept by then
  double arrivals_per_second;
  std::vector<Beat> beats;

  Duration length() const;
};

/// Nobody watches a shorter one, and a longer one would not fit into one page of the operators' API.
constexpr Duration shortest = std::chrono::seconds(24);
constexpr Duration longest = std::chrono::seconds(240);
/// About two minutes with the drain and the count.
constexpr Duration usual = std::chrono::seconds(96);

/// `length` is from the first shopper to the last, within `shortest` and `longest`.
Plan plan_for(Duration length);

/// What the demo's policy accepts, in minor units of USD.
constexpr std::int64_t floor_limit_minor = 25'00;
/// Likewise for charges: the shop's own rules have let them through already.
constexpr std::int64_t till_floor_limit_minor = 100'00;
/// Of both together. A long outage reaches it; then everything is declined.
constexpr std::int64_t exposure_cap_minor = 20'000'00;

}  // namespace standin::demo
