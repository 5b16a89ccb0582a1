#include "rehearsal/shopper.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cmath>

#include "rehearsal/shop_model.h"

namespace standin::rehearsal {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

// People give up within seconds, but a rehearsal must see many of them: most leave before or about when a healthy shop
// answers.
constexpr Duration leaves_within = 300ms;
constexpr Duration retries_after_at_least = 20ms;
constexpr Duration retries_within = 1s;
constexpr std::uint64_t regular_customers = 1'000;

Duration seconds_long(double count) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(count));
}

}  // namespace

std::optional<Duration> Arrivals::at(std::uint64_t n) const {
  const double count = static_cast<double>(n);
  double when = count / rate;
  if (ramp_to) {
    // n = rate·t + slope·t²/2, solved for t in the form that stays exact for a slope near zero.
    const double slope = (*ramp_to - rate) / seconds(span);
    const double square = rate * rate + 2 * slope * count;
    if (square < 0) return std::nullopt;
    when = n == 0 ? 0 : 2 * count / (rate + std::sqrt(square));
  }
  const bool endless = span == Duration::zero();
  if (!std::isfinite(when) || (!endless && when >= seconds(span))) return std::nullopt;
  return seconds_long(when);
}

BasketMaker::BasketMaker(ShopperMix mix, std::uint64_t seed, std::string run)
    : mix_(std::move(mix)), random_(seed), run_(std::move(run)) {
  ensure(0 < mix_.least_minor && mix_.least_minor <= mix_.floor_minor && mix_.floor_minor < mix_.most_minor,
         "amounts go from least over the floor to most");
}

std::int64_t BasketMaker::between(std::int64_t least, std::int64_t most) {
  return least + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most - least + 1)));
}

Basket BasketMaker::make() {
  const std::uint64_t n = made_++;
  Basket basket{.key = fmt::format("{}-{}", run_, n),
                .cart_id = fmt::format("cart-{}-{}", run_, n),
                .customer_id = fmt::format("customer-{}", random_.below(regular_customers)),
                .card_token = "visa"};
  basket.amount_minor = chance(mix_.over_floor) ? between(mix_.floor_minor + 1, mix_.most_minor)
                                                : between(mix_.least_minor, mix_.floor_minor);
  if (chance(mix_.declined)) basket.card_token = declined_card_token;
  if (chance(mix_.hang_up)) {
    basket.hang_up = HangUp{
        .during_answer = chance(0.3), .after = Duration(between(0, leaves_within.count())), .reset = chance(0.5)};
  }
  if (chance(mix_.retry))
    basket.retry_after = Duration(between(retries_after_at_least.count(), retries_within.count()));
  return basket;
}

Request request_for(const Basket& basket, const ShopperMix& mix, const std::string& target) {
  const json::object order{{"total_cents", basket.amount_minor},
                           {"currency", mix.currency},
                           {"merchant_id", mix.merchant_id},
                           {"customer_id", basket.customer_id},
                           {"cart_id", basket.cart_id},
                           {"location_id", "location-1"},
                           {"card", json::object{{"token", basket.card_token}}},
                           {"items", json::array{json::object{{"sku", "tea"}, {"quantity", 1}}}}};
  Request request{
      .method = "POST", .target = target, .headers = {}, .body = json::serialize(json::object{{"order", order}})};
  request.headers.set("Content-Type", "application/json");
  request.headers.set("Idempotency-Key", basket.key);
  return request;
}

Heard hear(const Response& response) {
  if (response.status == 402 || response.status == 422) return {Told::no, {}};
  if (response.status < 200 || response.status > 299) return {Told::neither, {}};
  boost::system::error_code wrong;
  const json::value body = json::parse(response.body, wrong);
  if (wrong) return {Told::neither, {}};
  const json::value* id = body.find_pointer("/order/id", wrong);
  if (id == nullptr || !id->is_string()) return {Told::neither, {}};
  return {Told::yes, std::string(std::string_view(id->get_string()))};
}

}  // namespace standin::rehearsal
