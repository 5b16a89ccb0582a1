#pragma once

#include <cstdint>

#include "base/random.h"
#include "base/time.h"

namespace standin::sim {

/// How one shopper goes about it. The flags below the first are rude ones: each is done about every other time that
/// there is an occasion.
struct Manners {
  int tries_max = 1;    ///< of one request, the first included
  Duration patience{};  ///< waits that long for an answer
  Duration pause{};     ///< about, between two tries

  bool hangs_up = false;       ///< before or during the answer
  bool both_at_once = false;   ///< sends the same again while the first is under way
  bool other_key = false;      ///< repeats it as another intent: two charges are its own doing
  bool other_payload = false;  ///< repeats it with something else under the same key
  bool asks_again = false;     ///< the same, after a definite answer
  bool insists = false;        ///< voids and refunds twice, voids what was refunded
};
Manners draw_manners(Random& random, bool rude);

/// How long after sending somebody hangs up: at once, about when an answer comes, or long before one's patience ends.
Duration draw_hang_up(Random& random, Duration patience);

/// What becomes of a purchase that was granted.
struct Aftermath {
  enum class Fate : std::uint8_t { keep, capture, void_it, refund_all, refund_part };
  Fate fate = Fate::keep;
  Duration after{};       ///< the yes
  bool reads = false;     ///< looks at it first
  bool refunded = false;  ///< after its capture, in part
};
Aftermath draw_aftermath(Random& random, bool hold);

}  // namespace standin::sim
