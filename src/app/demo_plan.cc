#include "app/demo_plan.h"

#include <algorithm>
#include <iterator>

#include "base/result.h"

namespace standin::demo {
namespace {

using namespace std::chrono_literals;
using rehearsal::Faults;
using rehearsal::GatewayFault;
using rehearsal::Misbehaviour;
using rehearsal::Moment;

/// A performance shorter than this has no time for the waits of a usual one.
constexpr Duration hurried = 60s;

Faults late_to_begin(Duration by) { return {.delay_before = by, .fraction = 0.5}; }
Faults late_to_answer(Duration by) { return {.delay_after = by, .fraction = 0.5}; }
Faults failing_at(Moment at, double fraction) {
  return {.answer = Misbehaviour::status, .at = at, .status = 500, .fraction = fraction};
}

GatewayFault location_refuses(std::size_t number) { return {.kind = GatewayFault::Kind::refuse, .location = number}; }
/// The charge is in the ledger; its answer is never heard.
GatewayFault answers_lost(double fraction) {
  return {.kind = GatewayFault::Kind::reset, .at = GatewayFault::Moment::after, .fraction = fraction};
}

constexpr const char* well = "healthy";
constexpr std::size_t lost_location = 2;

/// `span` is a share of the whole here, in hundredths.
std::vector<Beat> shop_beats(Duration slow_by) {
  using enum Act;
  const auto hundredths = [](int count) { return Duration(count); };
  return {
      {healthy, Event::nothing, hundredths(9), {}, well, well},
      {slow, Event::faults, hundredths(9), late_to_begin(slow_by), "half of the orders begin late", well},
      {slow, Event::faults, hundredths(9), late_to_answer(slow_by), "half of the orders are done, but answered late",
       well},
      {killed, Event::kill, hundredths(11), {}, "gone: SIGKILL, connections are refused", well},
      {failing, Event::restart, hundredths(6), failing_at(Moment::before, 1), "restarted, answers 500", well},
      {failing, Event::faults, hundredths(6), failing_at(Moment::after, 0.6), "does the order, then often answers 500",
       well},
      {back, Event::faults, hundredths(6), {}, "healthy again", well},
      {replay, Event::replay, hundredths(14), {}, "healthy again", well},
  };
}

/// Likewise.
std::vector<Beat> gateway_beats() {
  using enum Act;
  const auto beat = [](Act act, int hundredths, std::string gateway, std::vector<GatewayFault> faults) {
    return Beat{act, Event::gateway, Duration(hundredths), {}, well, std::move(gateway), std::move(faults)};
  };
  return {
      beat(location, 5, "one location is gone", {location_refuses(lost_location)}),
      beat(location, 5, "one location is gone; a third of the answers get lost",
           {location_refuses(lost_location), answers_lost(1.0 / 3)}),
      beat(gateway, 6, "gone: every location refuses connections", {location_refuses(0)}),
      beat(gateway, 4, "charges, and no answer comes back", {answers_lost(1)}),
      beat(deferred, 10, "healthy again", {}),
  };
}

std::vector<Beat> beats_for(Duration length, Duration slow_by) {
  std::vector<Beat> beats = shop_beats(slow_by);
  std::ranges::move(gateway_beats(), std::back_inserter(beats));
  for (Beat& beat : beats) beat.span = length * beat.span.count() / 100;
  return beats;
}

}  // namespace

std::string_view name(Act act) {
  switch (act) {
    case Act::healthy: return "healthy";
    case Act::slow: return "slow";
    case Act::killed: return "killed";
    case Act::failing: return "failing";
    case Act::back: return "back";
    case Act::replay: return "replay";
    case Act::location: return "location";
    case Act::gateway: return "gateway";
    case Act::deferred: return "deferred";
  }
  unreachable();
}

std::string_view tale(Act act) {
  switch (act) {
    case Act::healthy: return "The shop is well: its own answers pass unchanged.";
    case Act::slow: return "Half of the answers come too late: those orders are stood in for.";
    case Act::killed: return "The shop is dead. Orders up to 25.00 are accepted on trust.";
    case Act::failing: return "It runs again and answers 500: that is no answer to a customer.";
    case Act::back: return "It is well again. What was promised waits until somebody says go.";
    case Act::replay: return "Support starts the replay: promises are kept, beside live orders.";
    case Act::location: return "One of the gateway's locations is lost: the others carry on.";
    case Act::gateway: return "The shop is well, the gateway is gone: its charges are stood in for.";
    case Act::deferred: return "The gateway is back: the deferred charges are delivered to it.";
  }
  unreachable();
}

Duration Plan::length() const {
  Duration sum{};
  for (const Beat& beat : beats) sum += beat.span;
  return sum;
}

Plan plan_for(Duration length) {
  ensure(shortest <= length && length <= longest, "a performance is neither too short nor too long");
  const bool short_one = length < hurried;
  const Duration slow_by = short_one ? 3200ms : 4s;
  return {.deadline = 5s,
          .response = 2400ms,
          .listen_late = short_one ? 6s : 10s,
          .max_processing = short_one ? 7s : 12s,
          .slow_by = slow_by,
          .till_deadline = 2100ms,
          .till_response = 1s,
          .drain_within = short_one ? 60s : 90s,
          .arrivals_per_second = 40,
          .beats = beats_for(length, slow_by)};
}

}  // namespace standin::demo
