#include "sim/actors/manners.h"

#include "sim/actors/shopper.h"

namespace standin::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t tries_most = 5;
// With all tries, a party's window for repeats of ten minutes is not left.
constexpr Duration patience_least = 20s, patience_most = 80s;
constexpr Duration pause_least = 300ms, pause_most = 20s;
// At once: the first try may still be under way.
constexpr Duration impatient_least = 5ms, impatient_most = 300ms;

Duration span(Random& random, Duration least, Duration most) {
  return Duration(between(random, least.count(), most.count()));
}

Aftermath::Fate draw_fate(Random& random, bool hold) {
  const double drawn = random.fraction();
  if (hold)
    return drawn < 0.6 ? Aftermath::Fate::capture : drawn < 0.85 ? Aftermath::Fate::void_it : Aftermath::Fate::keep;
  if (drawn < 0.5) return Aftermath::Fate::keep;
  if (drawn < 0.7) return Aftermath::Fate::void_it;
  return drawn < 0.8 ? Aftermath::Fate::refund_all : Aftermath::Fate::refund_part;
}

/// While the order is most likely still ours, after a restart or a replay, or long after everything is settled.
Duration draw_wait(Random& random) {
  const double drawn = random.fraction();
  if (drawn < 0.3) return span(random, 1ms, 300ms);
  return drawn < 0.7 ? span(random, 300ms, 30s) : span(random, 30s, 5min);
}

}  // namespace

Manners draw_manners(Random& random, bool rude) {
  const bool impatient = chance(random, 0.3);
  Manners manners{
      .tries_max = static_cast<int>(1 + random.below(tries_most)),
      .patience = span(random, patience_least, patience_most),
      .pause = impatient ? span(random, impatient_least, impatient_most) : span(random, pause_least, pause_most)};
  if (!rude || chance(random, 0.4)) return manners;
  for (bool Manners::* each : {&Manners::hangs_up, &Manners::both_at_once, &Manners::other_key, &Manners::other_payload,
                               &Manners::asks_again, &Manners::insists}) {
    manners.*each = chance(random, 0.3);
  }
  return manners;
}

Duration draw_hang_up(Random& random, Duration patience) {
  const double drawn = random.fraction();
  if (drawn < 0.3) return span(random, 0ms, 10ms);
  return drawn < 0.7 ? span(random, 10ms, 1s) : span(random, 1s, patience);
}

Aftermath draw_aftermath(Random& random, bool hold) {
  return {.fate = draw_fate(random, hold),
          .after = draw_wait(random),
          .reads = chance(random, 0.2),
          .refunded = chance(random, 0.2)};
}

}  // namespace standin::sim
