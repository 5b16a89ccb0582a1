#include "app/demo_charges.h"

namespace standin::demo {
namespace {

using rehearsal::OrderState;
using rehearsal::Payment;
using rehearsal::ShopOrder;

/// All that three parties have written down about the charge of one of the shop's orders.
struct Charged {
  const ShopOrder* order = nullptr;
  bool approved = false;                 ///< the shop was told so
  std::vector<const Payment*> standing;  ///< at the gateway
  const KeptOrder* promised = nullptr;   ///< accepted at the till
  bool declined_at_till = false;
};

std::map<std::string, Charged> charges_of(const rehearsal::Books& books, const std::vector<Payment>& payments,
                                          const Kept& kept) {
  std::map<std::string, Charged> charges;
  for (const ShopOrder& order : books.orders) charges[order.id].order = &order;
  for (const rehearsal::Charge& charge : books.charges) charges[charge.order_id].approved = true;
  for (const Payment& payment : payments) {
    if (payment.stands()) charges[payment.orderid].standing.push_back(&payment);
  }
  for (const KeptOrder& row : kept.charges) {
    Charged& charge = charges[row.cart];
    if (row.accepted) charge.promised = &row;
    charge.declined_at_till |= !row.accepted;
  }
  return charges;
}

void judge(const std::string& id, const Charged& charge, const Kept& kept, ChargeTally& tally) {
  const bool accepted = charge.order != nullptr && charge.order->state == OrderState::accepted;
  const bool with_a_person = kept.with_a_person.contains(id) ||
                             (charge.order != nullptr && kept.with_a_person.contains(charge.order->asked.cart_id));
  if (charge.standing.size() > 1) tally.charged_twice.push_back(id);
  if (accepted && charge.standing.empty() && !with_a_person) tally.not_charged.push_back(id);
  if (!accepted && !charge.standing.empty() && !with_a_person) tally.charged_though_declined.push_back(id);
  for (const Payment* payment : charge.standing) {
    tally.standing.add(payment->amount);
    if (accepted && payment->amount != charge.order->asked.total) tally.charged_another_sum.push_back(id);
  }
}

/// The end of what was approved at the till.
Sum& end_of(const Charged& charge, ChargeTally& tally) {
  const std::string& state = charge.promised->state;
  if (state == "settled" || state == "matched") return tally.charged;
  if (state == "refused") return tally.refused;
  return state == "cancelled" ? tally.withdrawn : tally.open;
}

void attribute(const Charged& charge, ChargeTally& tally) {
  if (charge.order == nullptr) return;
  const Money& total = charge.order->asked.total;
  const bool cancelled = charge.order->state == OrderState::cancelled;
  if (charge.approved) {
    Sum& end = charge.promised == nullptr ? tally.by_gateway : end_of(charge, tally);
    end.add(total);
    if (charge.promised != nullptr) tally.at_till.add(total);
    const bool was_charged = &end == &tally.by_gateway || &end == &tally.charged;
    if (was_charged && cancelled) tally.voided.add(total);
  } else if (cancelled) {
    ++(charge.declined_at_till ? tally.declined_at_till : tally.declined_by_gateway);
  }
}

}  // namespace

ChargeTally count_charges(const rehearsal::Books& books, const std::vector<Payment>& payments, const Kept& kept) {
  ChargeTally tally;
  for (const auto& [id, charge] : charges_of(books, payments, kept)) {
    judge(id, charge, kept, tally);
    attribute(charge, tally);
  }
  return tally;
}

}  // namespace standin::demo
