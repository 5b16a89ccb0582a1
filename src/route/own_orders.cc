#include "route/own_orders.h"

#include <algorithm>

namespace standin {
namespace {

/// More than anybody asks about one charge: beyond, nothing is granted.
constexpr std::size_t asked_max = 1000;

Stage stage_of(State state) {
  switch (state) {
    case State::accepted:
    case State::replaying:
    case State::held: return Stage::open;
    case State::settled:
    case State::matched:
    case State::collected: return Stage::collected;
    case State::cancelling:
    case State::cancelled: return Stage::withdrawn;
    case State::refused:
    case State::written_off:
    case State::declined:
    case State::reversing:
    case State::reversed:
    case State::charging:
    case State::lapsed: return Stage::nothing;
  }
  unreachable();
}

/// What was granted about a charge was done, is to be done, or may have been.
bool may_be_done(State state) {
  switch (state) {
    case State::accepted:
    case State::replaying:
    case State::held:
    case State::settled:
    case State::matched:
    case State::collected:
    case State::refused:  // a person still owes it to the customer
    case State::charging: return true;
    case State::cancelling:
    case State::cancelled:
    case State::written_off:
    case State::declined:
    case State::reversing:
    case State::reversed:
    case State::lapsed: return false;
  }
  unreachable();
}

}  // namespace

bool OwnOrders::is_named(const Visit& visit) const {
  return !visit.about.empty() && !visit.is_charge() && dialect_->own_reference(visit.about).has_value();
}

Result<std::optional<OrderRow>> OwnOrders::named(const Visit& visit) const {
  const auto named = dialect_->own_reference(visit.about);
  if (!named) return std::nullopt;
  const auto rows = journal_.orders({.id = named->id, .id_made = named->added});
  if (!rows) return std::unexpected(rows.error());
  const auto is_it = [&](const OrderRow& row) {
    const bool is_named = named->id || row.reference == visit.about;
    return is_named && !row.shadow && row.tenant == visit.intent.tenant;
  };
  const auto found = std::ranges::find_if(*rows, is_it);
  if (found == rows->end()) return std::nullopt;
  if (std::any_of(found + 1, rows->end(), is_it)) return failure("two orders have this reference", "journal");
  return *found;
}

Result<std::optional<OrderRow>> OwnOrders::named_as_at(const std::string& upstream, const Visit& visit) const {
  if (visit.about.empty()) return std::nullopt;
  const auto holder = journal_.holder(upstream, visit.about);
  if (!holder) return std::unexpected(holder.error());
  if (!*holder) return std::nullopt;
  const auto rows = journal_.orders({.id = **holder});
  if (!rows) return std::unexpected(rows.error());
  const bool own = !rows->empty() && rows->front().tenant == visit.intent.tenant;
  return own ? std::optional(rows->front()) : std::nullopt;
}

Result<Stage> OwnOrders::stage(const OrderRow& order) const {
  if (order.state != State::cancelling) return stage_of(order.state);
  const auto attempts = journal_.attempts(order.id);
  if (!attempts) return std::unexpected(attempts.error());
  return is_being_voided(order.state, *attempts) ? Stage::voiding : Stage::withdrawn;
}

Result<Response> OwnOrders::answer(const Visit& visit, const OrderRow& order, WallTime now) const {
  const auto kept = read(order);
  if (!kept) return std::unexpected(kept.error());
  const auto own = known(visit, order, *kept);
  if (!own) return std::unexpected(own.error());
  auto about = dialect_->answer_about(visit.operation, *own, visit.context(now));
  if (!about) return failure("this dialect answers nothing about an order", "dialect");
  return std::move(*about);
}

Result<Amendment> OwnOrders::amendment(const Visit& visit, const OrderRow& order) const {
  const auto kept = read(order);
  if (!kept) return std::unexpected(kept.error());
  const auto own = known(visit, order, *kept);
  if (!own) return std::unexpected(own.error());
  const auto kind = amendment_kind(visit.operation);
  if (!kind) return failure("it is no capture, void or refund", "dialect");
  const auto charge = dialect_->charge(kept->request);
  Amendment amendment{.kind = *kind,
                      .upstream_reference = order.upstream_reference,
                      .held = charge && !charge->capture && !own->captured};
  if (*kind == Amendment::Kind::cancel) return amendment;
  amendment.amount = dialect_->amount_about(visit.request, *own);
  if (!amendment.amount) return failure("its amount cannot be read", "dialect");
  return amendment;
}

Result<bool> OwnOrders::any_waits(const OrderRow& order) const {
  const auto rows = journal_.orders({.behind = order.id, .limit = asked_max});
  if (!rows) return std::unexpected(rows.error());
  return std::ranges::any_of(*rows, [](const OrderRow& row) { return stage_of(row.state) == Stage::open; });
}

Result<Request> OwnOrders::request_of(const Ulid& order) const {
  const auto sealed = journal_.request(order);
  if (!sealed) return std::unexpected(sealed.error());
  const auto wire = vault_.open(*sealed, request_context(order));
  if (!wire) return std::unexpected(wire.error());
  auto request = request_from_wire(*wire);
  if (!request) return failure("the order cannot be read back", "journal");
  return std::move(*request);
}

Result<OwnOrders::Kept> OwnOrders::read(const OrderRow& order) const {
  auto request = request_of(order.id);
  if (!request) return std::unexpected(request.error());
  if (!order.facts.amount) return failure("the order has no amount", "journal");
  if (!order.answered) return Kept{std::move(*request), {}};  // found after a crash, and told as it was found
  const auto sealed = journal_.answer(order.id);
  if (!sealed) return std::unexpected(sealed.error());
  const auto wire = vault_.open(*sealed, answer_context(order.id));
  if (!wire) return std::unexpected(wire.error());
  auto answer = response_from_wire(*wire);
  if (!answer) return failure("the order cannot be read back", "journal");
  return Kept{std::move(*request), std::move(*answer)};
}

// One that cannot be read any more may have been a refund of all that it names.
Result<OwnOrder> OwnOrders::known(const Visit& visit, const OrderRow& order, const Kept& kept) const {
  const auto rows = journal_.orders({.behind = order.id, .limit = asked_max});
  if (!rows) return std::unexpected(rows.error());
  if (rows->size() == asked_max) return failure("too much was asked about this order", "journal");
  const Money& amount = *order.facts.amount;
  OwnOrder own{.reference = order.reference,
               .amount = amount,
               .request = kept.request,
               .answer = kept.answer,
               .cancelled = stage_of(order.state) == Stage::withdrawn,
               .refunded = Money{0, amount.currency},
               .part = order.part,
               .created = order.created};
  for (const OrderRow& asked : *rows) {
    const bool second_charge = asked.reference.empty();
    if (asked.id == visit.id) own.meant = asked.facts.amount;
    if (second_charge || asked.id == visit.id || !may_be_done(asked.state)) continue;
    const auto request = request_of(asked.id);
    const bool captures = request && dialect_->read(*request).operation == Operation::capture;
    if (captures && asked.state == State::refused) continue;  // the customer is owed nothing by it
    Money& sum = captures ? own.captured.emplace(own.captured.value_or(Money{0, amount.currency})) : own.refunded;
    sum.minor += (captures && asked.part ? *asked.part : asked.facts.amount.value_or(amount)).minor;
  }
  return own;
}

}  // namespace standin
