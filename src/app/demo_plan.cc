#include "app/demo_plan.h"

#include "base/result.h"

namespace standin::demo {
namespace {

using namespace std::chrono_literals;
using rehearsal::Faults;
using rehearsal::Misbehaviour;
using rehearsal::Moment;

/// A performance shorter than this has no time for the waits of a usual one.
constexpr Duration hurried = 60s;

Faults late_to_begin(Duration by) { return {.delay_before = by, .fraction = 0.5}; }
Faults late_to_answer(Duration by) { return {.delay_after = by, .fraction = 0.5}; }
Faults failing_at(Moment at, double fraction) {
  return {.answer = Misbehaviour::status, .at = at, .status = 500, .fraction = fraction};
}

/// `span` is a share of the whole here, in hundredths.
std::vector<Beat> beats_in_hundredths(Duration slow_by) {
  using enum Act;
  const auto hundredths = [](int count) { return Duration(count); };
  return {
      {healthy, Event::nothing, hundredths(14), {}, "healthy"},
      {slow, Event::faults, hundredths(12), late_to_begin(slow_by), "half of the orders begin late"},
      {slow, Event::faults, hundredths(12), late_to_answer(slow_by), "half of the orders are done, but answered late"},
      {killed, Event::kill, hundredths(15), {}, "gone: SIGKILL, connections are refused"},
      {failing, Event::restart, hundredths(7), failing_at(Moment::before, 1), "restarted, answers 500"},
      {failing, Event::faults, hundredths(7), failing_at(Moment::after, 0.6), "does the order, then often answers 500"},
      {back, Event::faults, hundredths(8), {}, "healthy again"},
      {replay, Event::replay, hundredths(25), {}, "healthy again"},
  };
}

std::vector<Beat> beats_for(Duration length, Duration slow_by) {
  std::vector<Beat> beats = beats_in_hundredths(slow_by);
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
  const Duration slow_by = short_one ? 2500ms : 4s;
  return {.deadline = 4s,
          .response = 1500ms,
          .listen_late = short_one ? 5s : 10s,
          .max_processing = short_one ? 6s : 12s,
          .slow_by = slow_by,
          .drain_within = short_one ? 45s : 90s,
          .arrivals_per_second = 40,
          .beats = beats_for(length, slow_by)};
}

}  // namespace standin::demo
