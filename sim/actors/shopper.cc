#include "sim/actors/shopper.h"

#include <fmt/format.h>

#include <array>

#include "base/result.h"

namespace standin::sim {
namespace {

// Few, so that one customer has several orders open at once.
constexpr std::uint64_t customers = 25;
// Around the floor limit of 100.00, below which standin says yes.
constexpr std::int64_t least_minor = 100, most_minor = 18'000;
// The sample shop declines what is above 500.00.
constexpr std::int64_t over_shop_limit_minor = 50'001;

}  // namespace

std::string_view name(Side side) {
  switch (side) {
    case Side::shop: return "shop";
    case Side::till: return "till";
    case Side::payments: return "payments";
  }
  unreachable();
}

bool chance(Random& random, double share) { return random.fraction() < share; }

std::int64_t between(Random& random, std::int64_t least, std::int64_t most) {
  return least + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most - least + 1)));
}

// Some prices are common: who looks for a charge by card and amount must not take another purchase's.
std::int64_t draw_amount(Random& random) {
  if (!chance(random, 0.25)) return between(random, least_minor, most_minor);
  constexpr std::array common_minor = {500, 1000, 2500};
  return common_minor.at(random.below(common_minor.size()));
}

Wish draw_common(std::size_t number, Random& random) {
  return {.name = fmt::format("p{}", number),
          .key = fmt::format("key-p{}", number),
          .customer = fmt::format("customer-{}", random.below(customers)),
          .card = {},
          .amount_minor = draw_amount(random),
          .invoice = fmt::format("{}", 1'000'000 + number)};
}

Wish ShopShopper::draw(std::size_t number, Random& random, const Taste&) const {
  Wish wish = draw_common(number, random);
  wish.card = chance(random, 0.08) ? "declined" : "visa";
  if (chance(random, 0.04)) wish.amount_minor += over_shop_limit_minor;
  return wish;
}

Request ShopShopper::sale(const Wish& wish) const {
  Request request{.method = "POST",
                  .target = "/orders",
                  .headers = {},
                  .body = fmt::format(R"({{"order":{{"total_cents":{},"currency":"USD","merchant_id":"m-1",)"
                                      R"("customer_id":"{}","cart_id":"{}","location_id":"{}",)"
                                      R"("card":{{"token":"{}"}},"items":[{{"sku":"tea","quantity":1}}]}}}})",
                                      wish.amount_minor, wish.customer, wish.name, wish.zip, wish.card)};
  request.headers.add("Content-Type", "application/json");
  request.headers.add("Idempotency-Key", wish.key);
  return request;
}

Request ShopShopper::change(const Wish&, const Change&) const { unreachable(); }

Wish ShopShopper::with_other_key(Wish wish) const {
  wish.key += "-again";
  return wish;
}

Wish ShopShopper::with_other_payload(Wish wish) const {
  wish.amount_minor += 100;
  return wish;
}

}  // namespace standin::sim
