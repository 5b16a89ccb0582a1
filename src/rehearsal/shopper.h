#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "net/message.h"
#include "rehearsal/seeded_random.h"

namespace standin::rehearsal {

/// When shoppers come: at `rate` a second, or changing evenly from `rate` to `ramp_to` over `span`.
struct Arrivals {
  double rate = 20;
  std::optional<double> ramp_to;  ///< needs a span
  Duration span{};                ///< zero: without end

  /// When the nth comes (from 0), since the start; nothing once they are over. How the answers go has no say in it.
  std::optional<Duration> at(std::uint64_t n) const;
};

/// What shoppers are like. The shares are of all shoppers, 0 to 1, drawn independently.
struct ShopperMix {
  std::string currency = "USD";
  std::string merchant_id = "m-1";
  std::int64_t least_minor = 300;
  std::int64_t floor_minor = 2'500;  ///< the floor limit that `over_floor` speaks of
  std::int64_t most_minor = 20'000;
  double over_floor = 0.2;  ///< amounts in (floor, most]; the others in [least, floor]
  double declined = 0;      ///< cards that the shop declines
  double hang_up = 0;       ///< close the connection without waiting for the whole answer
  double retry = 0;         ///< send the same order again, whatever the first answer was, or after none
};

/// How a shopper leaves without the answer.
struct HangUp {
  bool during_answer = false;  ///< once the answer's first bytes are there; else `after` sending
  Duration after{};
  bool reset = false;  ///< by RST, as a crashed client or a middlebox does; else by FIN
};

/// One shopper's intent.
struct Basket {
  std::string key;      ///< Idempotency-Key; unique to the intent
  std::string cart_id;  ///< likewise: what a judge finds the order by in the shop's ledger
  std::string customer_id;
  std::int64_t amount_minor = 0;
  std::string card_token;
  std::optional<HangUp> hang_up;
  std::optional<Duration> retry_after;
};

/// Draws one shopper after another; the same seed draws the same shoppers.
class BasketMaker {
 public:
  /// `run` begins every key and cart, so that two runs against one journal are two sets of intents.
  BasketMaker(ShopperMix mix, std::uint64_t seed, std::string run);
  Basket make();

 private:
  bool chance(double share) { return random_.fraction() < share; }
  std::int64_t between(std::int64_t least, std::int64_t most);

  ShopperMix mix_;
  SeededRandom random_;
  std::string run_;
  std::uint64_t made_ = 0;
};

/// The `POST` that places the basket.
Request request_for(const Basket& basket, const ShopperMix& mix, const std::string& target);

/// What an answer means to a shopper.
enum class Told : std::uint8_t {
  yes,      ///< 2xx that names the order
  no,       ///< 402 or 422: declined
  neither,  ///< any other answer
  nothing,  ///< there was none
};

struct Heard {
  Told told = Told::nothing;
  std::string reference;  ///< the order's id, if yes
};
Heard hear(const Response& response);

}  // namespace standin::rehearsal
