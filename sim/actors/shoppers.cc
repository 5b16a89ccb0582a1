#include "sim/actors/shoppers.h"

#include <algorithm>
#include <utility>

#include "sim/actors/till.h"

namespace standin::sim {
namespace {

// Of purchases with a card.
constexpr double lookalike_share = 0.12;
constexpr std::size_t lookalikes_back = 4;

std::shared_ptr<const Shopper> shopper_of(Side side, const ShopperSettings& settings) {
  switch (side) {
    case Side::shop: return std::make_shared<ShopShopper>();
    case Side::till: return std::make_shared<TillShopper>(settings.source_key);
    case Side::payments: return std::make_shared<StripeShopper>(settings.api_key);
  }
  unreachable();
}

}  // namespace

/// What the coroutines refer to, and keep alive.
struct Shoppers::Crowd {
  struct Coming {
    Duration after{};
    std::shared_ptr<Buyer> buyer;
  };
  std::shared_ptr<Market> market;
  std::vector<Coming> all;
  std::size_t begun = 0, ended = 0;

  static Task<> live(std::shared_ptr<Crowd> self, std::shared_ptr<Buyer> buyer) {
    co_await buyer->live();
    ++self->ended;
  }
  static Task<> come(std::shared_ptr<Crowd> self) {
    Market& market = *self->market;
    const Instant opened = market.clock.now();
    for (const Coming& next : self->all) {
      co_await market.clock.sleep_until(opened + next.after);
      ++self->begun;
      spawn(market.executor, live(self, next.buyer));
    }
  }
};

Shoppers::Shoppers(World& world, Loop& loop, SimNet& net, Trace& trace, std::unique_ptr<Random> random,
                   ShopperSettings settings)
    : crowd_(std::make_shared<Crowd>()) {
  ensure(!settings.sides.empty() && settings.purchases >= 0, "shoppers come, and go somewhere");
  crowd_->market = std::make_shared<Market>(Market{world, loop.executor(), loop.clock(), net, trace, {}, {}});
  crowd_->market->on_told = [this](const Purchase& purchase, const Told& told) {
    if (on_told) on_told(purchase, told);
  };
  crowd_->market->on_fault = [this](Sabotage what) {
    if (on_fault) on_fault(what);
  };
  const Duration slot = settings.within / std::max(settings.purchases, 1);
  for (int number = 0; number < settings.purchases; ++number) {
    const Duration after = number * slot + Duration(between(*random, 0, slot.count()));
    crowd_->all.push_back({after, draw(static_cast<std::size_t>(number), *random, settings)});
  }
}

Shoppers::~Shoppers() {
  crowd_->market->on_told = nullptr;
  crowd_->market->on_fault = nullptr;
}

std::shared_ptr<Buyer> Shoppers::draw(std::size_t number, Random& random, const ShopperSettings& settings) const {
  const Side side = settings.sides[random.below(settings.sides.size())];
  rehearsal::SeededRandom own(random.next());
  auto shopper = shopper_of(side, settings);
  Wish wish = shopper->draw(number, own, {.slow_cards = settings.sabotage.contains(Sabotage::slow_gateway)});
  resemble(wish, side, own);
  const Manners manners = draw_manners(own, settings.sabotage.contains(Sabotage::rude_shoppers));
  return std::make_shared<Buyer>(crowd_->market, std::move(shopper), std::move(wish), manners, own.next());
}

void Shoppers::resemble(Wish& wish, Side side, Random& random) const {
  const auto& before = crowd_->all;
  if (side == Side::shop || before.empty() || !chance(random, lookalike_share)) return;
  const std::size_t back = 1 + random.below(std::min(lookalikes_back, before.size()));
  const Buyer& other = *before[before.size() - back].buyer;
  if (other.side() == Side::shop) return;
  wish.card = other.wish().card;
  wish.amount_minor = other.wish().amount_minor;
  wish.partial = other.wish().partial;
}

void Shoppers::start() { spawn(crowd_->market->executor, Crowd::come(crowd_)); }

void Shoppers::quiet() { crowd_->market->calm = true; }

bool Shoppers::done() const { return crowd_->ended == crowd_->all.size() && crowd_->market->under_way == 0; }

std::vector<Purchase> Shoppers::purchases() const {
  std::vector<Purchase> begun;
  for (std::size_t i = 0; i < crowd_->begun; ++i) begun.push_back(crowd_->all[i].buyer->purchase());
  return begun;
}

}  // namespace standin::sim
