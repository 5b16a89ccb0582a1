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

Step asking(Ask ask, std::vector<Write> writes = {}) {
  return {.writes = std::move(writes), .answer = {}, .ask = std::move(ask)};
}

}  // namespace

ShopModel::ShopModel(Books books, ShopHabits habits) : habits_(habits) {
  for (ShopOrder& order : books.orders) apply(InsertOrder{std::move(order)});
  for (Charge& charge : books.charges) apply(InsertCharge{std::move(charge)});
  for (const ShopOrder& order : unfinished()) left_behind_.push_back(order.id);
}

Step ShopModel::begin(const Placement& placement) const {
  if (!habits_.through_gateway && card_fails(placement.order)) return answered(ShopAnswer::Kind::card_failed);
  if (const ShopOrder* order = existing(placement.order.standin_key)) return begin_again(*order);
  const ShopOrder row = row_of(placement, OrderState::placing);
  if (habits_.through_gateway) return asking(AskSale{row}, {InsertOrder{row}});
  if (habits_.charge_before_commit) {
    return {.writes = {InsertCharge{charge_for(row, placement.charge_id, placement.at)}}};
  }
  return {.writes = {InsertOrder{row}}};
}

/// The same key again: the order that is there, unless nobody knows yet what became of its charge.
Step ShopModel::begin_again(const ShopOrder& order) const {
  if (habits_.through_gateway) {
    if (order.state == OrderState::placing) return asking(AskSale{order});
    if (order.state == OrderState::cancelled && !charged_.contains(order.id)) {
      return answered(ShopAnswer::Kind::card_failed);
    }
  }
  return answered(ShopAnswer::Kind::existing, order);
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
  if (habits_.through_gateway) return cancel_at_gateway(std::move(order));
  const bool cancelled_before = order.state == OrderState::cancelled;
  order.state = OrderState::cancelled;
  Step step = answered(ShopAnswer::Kind::cancelled, order);
  if (!cancelled_before) step.writes = {CancelOrder{order.id}};
  return step;
}

Step ShopModel::cancel_at_gateway(ShopOrder order) const {
  switch (order.state) {
    case OrderState::cancelled: return answered(ShopAnswer::Kind::cancelled, std::move(order));
    case OrderState::cancelling: return asking(undo(order));
    case OrderState::placing:
    case OrderState::accepted: return asking(undo(order), {BeginCancelling{order.id}});
  }
  unreachable();
}

/// What nobody knows whether it was charged is asked for once more, to have its name: the gateway recognises it.
Ask ShopModel::undo(const ShopOrder& order) const {
  const auto charge = charged_.find(order.id);
  if (charge == charged_.end()) return AskSale{order};
  return AskVoid{order.id, charge->second};
}

Step ShopModel::heard(const Ask& ask, const GatewayWord& word, WallTime at) const {
  const auto order_asked_for = [this](const std::string& id) -> const ShopOrder& {
    const auto found = orders_.find(id);
    ensure(found != orders_.end(), "the gateway is asked only about orders that are there");
    return found->second;
  };
  if (word.kind == GatewayWord::Kind::unknown) return answered(ShopAnswer::Kind::in_doubt);
  return std::visit(Match{[&](const AskSale& sale) { return sold(order_asked_for(sale.order.id), word, at); },
                          [&](const AskVoid& undo) { return voided(order_asked_for(undo.order_id), word); }},
                    ask);
}

// Others may have asked the same meanwhile: the order is as it is now, not as it was when the gateway was asked.
Step ShopModel::sold(const ShopOrder& order, const GatewayWord& word, WallTime at) const {
  const bool charged = charged_.contains(order.id);
  if (word.kind == GatewayWord::Kind::declined) {
    if (order.state == OrderState::accepted) return answered(ShopAnswer::Kind::existing, order);
    if (charged) return answered(ShopAnswer::Kind::in_doubt);
    Step step = answered(ShopAnswer::Kind::card_failed);
    if (order.state != OrderState::cancelled) step.writes = {CancelOrder{order.id}};
    return step;
  }
  const InsertCharge charge{charge_for(order, word.reference, at)};
  switch (order.state) {
    case OrderState::accepted: return answered(ShopAnswer::Kind::existing, order);
    case OrderState::placing: {
      ShopOrder row = order;
      row.state = OrderState::accepted;
      Step step = answered(ShopAnswer::Kind::created, std::move(row));
      step.writes = {charge, AcceptOrder{order.id}};
      return step;
    }
    case OrderState::cancelling:
    case OrderState::cancelled: break;
  }
  if (charged && order.state == OrderState::cancelled) return answered(ShopAnswer::Kind::cancelled, order);
  if (charged) return asking(undo(order));
  return asking(AskVoid{order.id, word.reference}, {charge, BeginCancelling{order.id}});
}

Step ShopModel::voided(const ShopOrder& order, const GatewayWord& word) const {
  if (word.kind == GatewayWord::Kind::declined) return answered(ShopAnswer::Kind::in_doubt);
  ShopOrder row = order;
  row.state = OrderState::cancelled;
  Step step = answered(ShopAnswer::Kind::cancelled, std::move(row));
  if (order.state != OrderState::cancelled) step.writes = {CancelOrder{order.id}};
  return step;
}

std::vector<Ask> ShopModel::owed() const {
  std::vector<Ask> asks;
  for (const std::string& id : left_behind_) {
    const ShopOrder& order = orders_.find(id)->second;
    if (order.state == OrderState::placing) asks.emplace_back(AskSale{order});
  }
  for (const auto& [id, order] : orders_) {
    if (order.state == OrderState::cancelling) asks.push_back(undo(order));
  }
  return asks;
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
                   [this](const InsertCharge& insert) { charged_[insert.charge.order_id] = insert.charge.id; },
                   [&](const AcceptOrder& accept) { state_of(accept.order_id) = OrderState::accepted; },
                   [&](const CancelOrder& cancel) { state_of(cancel.order_id) = OrderState::cancelled; },
                   [&](const BeginCancelling& begin) { state_of(begin.order_id) = OrderState::cancelling; }},
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
    case OrderState::cancelling: return "cancelling";
  }
  unreachable();
}

}  // namespace standin::rehearsal
