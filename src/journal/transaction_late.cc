// What a party did beside, or after, what the journal holds of an order: never lost, and never standing twice.
#include <fmt/format.h>

#include <algorithm>

#include "journal/transaction.h"

namespace standin {
namespace {

/// What we believe of the order says that nothing of it stands at the party.
bool believed_undone(State state) {
  switch (state) {
    case State::refused:
    case State::cancelled:
    case State::declined:
    case State::reversed:
    case State::collected:
    case State::written_off:
    case State::lapsed: return true;
    case State::accepted:
    case State::replaying:
    case State::settled:
    case State::matched:
    case State::held:
    case State::cancelling:
    case State::reversing:
    case State::charging: return false;
  }
  unreachable();
}

bool is_second_approval(const Standing& order, const std::string& upstream_reference) {
  return !upstream_reference.empty() && !order.upstream_reference.empty() &&
         upstream_reference != order.upstream_reference;
}

std::string second_approval(const Standing& order, const std::string& upstream_reference) {
  return fmt::format("second standing approval: {} besides {}", upstream_reference, order.upstream_reference);
}

/// The id of the order's n-th second charge. Of the order's own millisecond; the first bit after it is one that a made
/// id does not have (UlidMaker), and the number is in the bits after that, where the ids of one millisecond agree.
Ulid sibling_id(Ulid first, unsigned n) {
  first.bytes[6] = static_cast<std::uint8_t>((first.bytes[6] | 0x80) ^ (n >> 8));
  first.bytes[7] = static_cast<std::uint8_t>(first.bytes[7] ^ n);
  return first;
}

/// Both ids: no digest that a client's key can have.
OrderKey sibling_key(const Ulid& first, const Ulid& sibling) {
  OrderKey key;
  std::ranges::copy(first.bytes, key.digest.bytes.begin());
  std::ranges::copy(sibling.bytes, key.digest.bytes.begin() + 16);
  return key;
}

}  // namespace

// A reference is never overwritten: the second one is a second charge.
void Transaction::adopt_reference(Standing& order, const std::string& upstream_reference) {
  if (is_second_approval(order, upstream_reference)) {
    undo_second(order, upstream_reference);
  } else if (!upstream_reference.empty()) {
    order.upstream_reference = upstream_reference;
  }
}

void Transaction::record_late_approval(Standing& order, std::uint64_t token, Attempt late,
                                       const std::string& upstream_reference) {
  if (order.asks_of_forward() && order.is_told_of_forward(late)) order.done_after_all = true;
  late.open = false;
  late.detail =
      fmt::format("{}{}arrived late; reference '{}'", late.detail, late.detail.empty() ? "" : "; ", upstream_reference);
  tables_.attempts.add(order.row, token, late, now_);
  order.unresolved = !is_end(order.state) && tables_.attempts.has_open_question(order.row);
  tables_.orders.update(order);
  if (order.shadow) return;
  if (is_second_approval(order, upstream_reference)) return undo_second(order, upstream_reference);
  const bool held_intent = order.state == State::held && !order.answered;
  if (!believed_undone(order.state) && !held_intent) return;
  tables_.follow_ups.open(
      order.row,
      fmt::format("charged though {}: the party approved late, reference '{}'", name(order.state), upstream_reference),
      now_);
}

// Without chance: the same commands write the same file.
void Transaction::undo_second(const Standing& order, const std::string& upstream_reference) {
  const std::string why = second_approval(order, upstream_reference);
  if (const auto taken = tables_.orders.taken_by(order, upstream_reference)) {
    const auto holder = tables_.orders.find(*taken);
    const bool undone_already = holder && holder->behind == order.id;
    if (!undone_already) tables_.follow_ups.open(order.row, why + ", which another order holds", now_);
    return;
  }
  unsigned n = 1;
  while (tables_.orders.find(sibling_id(order.id, n))) ++n;
  const Ulid id = sibling_id(order.id, n);
  const OrderKey key = sibling_key(order.id, id);
  const std::int64_t row = tables_.orders.insert_sibling(order, id, key, upstream_reference, now_);
  tables_.transitions.add(row, State::reversing, now_, "standin", why);
  changes_.push_back({key, {id, order.payload, State::reversing, false, false}, std::nullopt});
}

}  // namespace standin
