#include "rehearsal/shop_model.h"

#include "base/result.h"

namespace standin::rehearsal {
namespace {

template <class... Cases>
struct Match : Cases... {
  using Cases::operator()...;
};

bool card_fails(const NewOrder& order) {
  return order.total.minor > card_limit_minor || order.card_token == declined_card_token;
}

ShopOrder row_of(const Placement& placement, OrderState state) {
  return {.id = placement.order_id, .asked = placement.order, .state = state, .created = placement.at};
}

Step answered(ShopAnswer::Kind kind, std::optional<ShopOrder> order = {}) {
  return {.answer = ShopAnswer{.kind = kind, .order = std::move(order)}};
}

}  // namespace

ShopModel::ShopModel(Books books, ShopHabits habits) : habits_(habits) {
  for (ShopOrder& order : books.orders) apply(InsertOrder{std::move(order)});
  for (Charge& charge : books.charges) apply(InsertCharge{std::move(charge)});
}

Step ShopModel::begin(const Placement& placement) const {
  if (card_fails(placement.order)) return answered(ShopAnswer::Kind::card_failed);
  if (const ShopOrder* order = existing(placement.order.standin_key)) {
    return answered(ShopAnswer::Kind::existing, *order);
  }
  const ShopOrder row = row_of(placement, OrderState::placing);
  if (habits_.charge_before_commit) {
    return {.writes = {InsertCharge{charge_for(row, placement.charge_id, placement.at)}}};
  }
  return {.writes = {InsertOrder{row}}};
}

Step ShopModel::finish(const Placement& placement) const {
  ShopOrder row = row_of(placement, OrderState::accepted);
  if (const auto found = orders_.find(placement.order_id); found != orders_.end()) {
    if (found->second.state == OrderState::cancelled) return answered(ShopAnswer::Kind::cancelled, found->second);
    Step step = answered(ShopAnswer::Kind::created, row);
    step.writes = {InsertCharge{charge_for(row, placement.charge_id, placement.at)}, AcceptOrder{row.id}};
    return step;
  }
  // Charged first. Another request may have committed the same key since: its order stands, and so do both charges.
  if (const ShopOrder* order = existing(placement.order.standin_key)) {
    return answered(ShopAnswer::Kind::existing, *order);
  }
  Step step = answered(ShopAnswer::Kind::created, row);
  step.writes = {InsertOrder{std::move(row)}};
  return step;
}

Step ShopModel::cancel(std::string_view order_id) const {
  const auto found = orders_.find(order_id);
  if (found == orders_.end()) return answered(ShopAnswer::Kind::not_found);
  ShopOrder order = found->second;
  const bool cancelled_before = order.state == OrderState::cancelled;
  order.state = OrderState::cancelled;
  Step step = answered(ShopAnswer::Kind::cancelled, order);
  if (!cancelled_before) step.writes = {CancelOrder{order.id}};
  return step;
}

std::vector<ShopOrder> ShopModel::find(std::string_view standin_key) const {
  std::vector<ShopOrder> found;
  const auto [first, last] = ids_by_key_.equal_range(standin_key);
  for (auto at = first; at != last; ++at) found.push_back(orders_.find(at->second)->second);
  return found;
}

void ShopModel::apply(const Write& write) {
  const auto state_of = [this](const std::string& id) -> OrderState& {
    const auto found = orders_.find(id);
    ensure(found != orders_.end(), "the shop changes only orders it has");
    return found->second.state;
  };
  std::visit(Match{[this](const InsertOrder& insert) {
                     const ShopOrder& order = insert.order;
                     ensure(orders_.emplace(order.id, order).second, "an order's id is new");
                     if (!order.asked.standin_key.empty()) ids_by_key_.emplace(order.asked.standin_key, order.id);
                   },
                   [this](const InsertCharge& insert) { charged_.insert(insert.charge.order_id); },
                   [&](const AcceptOrder& accept) { state_of(accept.order_id) = OrderState::accepted; },
                   [&](const CancelOrder& cancel) { state_of(cancel.order_id) = OrderState::cancelled; }},
             write);
}

const ShopOrder* ShopModel::existing(std::string_view standin_key) const {
  if (!habits_.unique_index || standin_key.empty()) return nullptr;
  const auto found = ids_by_key_.find(standin_key);
  return found == ids_by_key_.end() ? nullptr : &orders_.find(found->second)->second;
}

std::vector<ShopOrder> ShopModel::unfinished() const {
  std::vector<ShopOrder> found;
  for (const auto& [id, order] : orders_) {
    if (order.state == OrderState::placing) found.push_back(order);
  }
  return found;
}

Charge ShopModel::charge_for(const ShopOrder& order, std::string id, WallTime now) {
  return {.id = std::move(id),
          .order_id = order.id,
          .standin_key = order.asked.standin_key,
          .cart_id = order.asked.cart_id,
          .amount = order.asked.total,
          .made = now};
}

std::string_view public_status(OrderState state) {
  switch (state) {
    case OrderState::placing:
    case OrderState::accepted: return "accepted";
    case OrderState::cancelled: return "cancelled";
  }
  unreachable();
}

}  // namespace standin::rehearsal
