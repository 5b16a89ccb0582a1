#pragma once

#include <string>
#include <vector>

#include "rehearsal/shop_model.h"

/// A shop in memory for tests: applies every step, and remembers what would be on disk.
namespace standin::rehearsal::playground {

inline NewOrder order_of(std::string standin_key, std::int64_t total_minor) {
  return {.standin_key = std::move(standin_key),
          .cart_id = "cart-1",
          .total = {total_minor, *Currency::parse("USD")},
          .card_token = "visa"};
}

struct Play {
  explicit Play(ShopHabits habits = {}) : model({}, habits) {}

  static Placement placement(NewOrder order, int n) {
    return {std::move(order), "order-" + std::to_string(n), "charge-" + std::to_string(n), wall_time(1'000 + n)};
  }

  void apply(const Step& step) {
    for (const Write& write : step.writes) {
      if (const auto* row = std::get_if<InsertOrder>(&write)) orders.push_back(row->order);
      if (const auto* charge = std::get_if<InsertCharge>(&write)) charges.push_back(charge->charge);
      model.apply(write);
    }
  }

  ShopAnswer place(const NewOrder& order) {
    const Placement asked = placement(order, ++placed + 100);
    Step step = model.begin(asked);
    apply(step);
    if (!step.answer) {
      step = model.finish(asked);
      apply(step);
    }
    return *step.answer;
  }

  /// Dies, reads what is on disk, and finishes what was left half done.
  void restart() {
    Books books{.orders = {}, .charges = charges};
    for (const ShopOrder& order : orders) {
      ShopOrder row = order;
      for (const ShopOrder& now : model.find(order.asked.standin_key)) {
        if (now.id == row.id) row.state = now.state;
      }
      books.orders.push_back(row);
    }
    model = ShopModel(std::move(books), model.habits());
    apply({.writes = model.recover([this] { return "recovered-" + std::to_string(++placed); }, wall_time(9'000)),
           .answer = {}});
  }

  ShopModel model;
  std::vector<ShopOrder> orders;
  std::vector<Charge> charges;
  int placed = 0;
};

}  // namespace standin::rehearsal::playground
