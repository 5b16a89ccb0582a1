#include "rehearsal/gateway/form_gate.h"

namespace standin::rehearsal {
namespace {

using Problem = std::optional<std::string_view>;  // the vendor's error code

Result<std::int64_t> amount_or(const GateCall& call, std::int64_t otherwise, const Money& like) {
  const std::string_view given = call.fields["UMamount"];
  if (given.empty()) return otherwise;
  const auto amount = money_from_decimal(given, like.currency);
  if (!amount || amount->minor <= 0) return failure("not an amount");
  return amount->minor;
}

Response capture(const GateCall& call, const Payment& original) {
  GatewayBooks& books = call.state.books;
  if (original.state == PaymentState::voided) return gate_error(call.state, "00024");
  if (original.state == PaymentState::declined) return gate_error(call.state, "10125");
  if (original.state != PaymentState::authorized) return gate_error(call.state, "10126");
  const auto amount = amount_or(call, original.amount.minor, original.amount);
  if (!amount || *amount > original.amount.minor) return gate_error(call.state, "10129");
  books.change(original.refnum, [&](Payment& payment) {
    payment.state = PaymentState::captured;
    payment.amount.minor = *amount;
    payment.batch = books.open_batch();
  });
  return gate_answer(original);
}

Response void_it(const GateCall& call, const Payment& original) {
  if (original.state == PaymentState::voided) return gate_error(call.state, "00024");
  if (original.state == PaymentState::declined) return gate_error(call.state, "00117");
  const bool given_back = original.refunded_minor > 0;
  if (given_back || original.state == PaymentState::pending) return gate_error(call.state, "00116");
  if (original.settled) return gate_error(call.state, "00026");
  GatewayBooks& books = call.state.books;
  books.change(original.refnum, [](Payment& payment) { payment.state = PaymentState::voided; });
  // A refund that is voided was not given.
  if (original.kind == PaymentKind::refund) {
    books.change(original.original, [&](Payment& charge) {
      charge.refunded_minor -= original.amount.minor;
      charge.state = PaymentState::captured;
    });
  }
  return gate_answer(original);
}

Problem refund_problem(const GateCall& call, const Payment& original, bool even_unsettled) {
  if (original.kind == PaymentKind::refund || original.kind == PaymentKind::credit) return "00110";
  switch (original.state) {
    case PaymentState::pending:
    case PaymentState::declined: return "00111";
    case PaymentState::authorized: return "00114";
    case PaymentState::voided: return "00115";
    case PaymentState::refunded: return "00113";
    case PaymentState::captured: break;
  }
  if (!even_unsettled && call.merchant.refunds_settled_only && !original.settled) return "00114";
  return std::nullopt;
}

Response refund(const GateCall& call, const Payment& original, WallTime now, bool even_unsettled = false) {
  if (const Problem problem = refund_problem(call, original, even_unsettled)) return gate_error(call.state, *problem);
  const std::int64_t left = original.amount.minor - original.refunded_minor;
  const auto amount = amount_or(call, left, original.amount);
  if (!amount) return gate_error(call.state, "10129");
  if (*amount > left) return gate_error(call.state, "00112");
  Payment row;
  row.kind = PaymentKind::refund;
  row.state = PaymentState::captured;
  row.source_key = call.merchant.key;
  row.country = call.merchant.country;
  row.asked_minor = *amount;
  row.amount = {*amount, original.amount.currency};
  row.card = original.card;
  row.invoice = original.invoice;
  row.orderid = original.orderid;
  row.standin_key = printable(call.standin_key);
  row.auth_code = auth_code_for(original.refnum + *amount);
  row.original = original.refnum;
  row.location = call.location;
  row.made = now;
  call.state.books.change(original.refnum, [&](Payment& charge) {
    charge.refunded_minor += *amount;
    if (charge.refunded_minor == charge.amount.minor) charge.state = PaymentState::refunded;
  });
  return gate_answer(call.state.books.add(row));
}

Response credit_or_void(const GateCall& call, const Payment& original, WallTime now) {
  const auto amount = amount_or(call, original.amount.minor, original.amount);
  const bool whole = amount && *amount == original.amount.minor && original.refunded_minor == 0;
  const bool unsettled = !original.settled && original.kind != PaymentKind::refund;
  const bool can_be_voided = original.state == PaymentState::authorized || (whole && original.stands());
  if (unsettled && can_be_voided) return void_it(call, original);
  return refund(call, original, now, true);
}

Response adjust(const GateCall& call, const Payment& original) {
  if (original.state == PaymentState::voided) return gate_error(call.state, "00024");
  if (!original.stands() || original.refunded_minor > 0) return gate_error(call.state, "10125");
  if (original.settled) return gate_error(call.state, "00026");
  const auto amount = amount_or(call, original.amount.minor, original.amount);
  if (!amount) return gate_error(call.state, "10129");
  if (*amount > original.amount.minor * 2) return gate_error(call.state, "00070");
  call.state.books.change(original.refnum, [&](Payment& payment) {
    payment.amount.minor = *amount;
    if (call.fields.has("UMinvoice")) payment.invoice = printable(call.fields["UMinvoice"]);
    if (call.fields.has("UMorderid")) payment.orderid = printable(call.fields["UMorderid"]);
  });
  return gate_answer(original);
}

Response unvoid(const GateCall& call, const Payment& original) {
  if (original.state != PaymentState::voided || original.reversed) return gate_error(call.state, "00118");
  if (original.settled) return gate_error(call.state, "00026");
  if (original.kind == PaymentKind::refund) return gate_error(call.state, "00116");
  call.state.books.change(original.refnum, [](Payment& payment) {
    payment.state = payment.kind == PaymentKind::hold ? PaymentState::authorized : PaymentState::captured;
  });
  return gate_answer(original);
}

Response change(const GateCall& call, WallTime now) {
  const Payment* original = original_of(call);
  const std::string& command = call.command;
  const bool giving_back = command == "refund" || command == "quickcredit";
  if (original == nullptr) {
    const std::string_view code = giving_back ? "00110" : command == "capture" ? "10105" : "00035";
    return gate_error(call.state, code);
  }
  if (command == "capture") return capture(call, *original);
  if (giving_back) return refund(call, *original, now);
  if (command == "creditvoid") return credit_or_void(call, *original, now);
  if (command == "adjust") return adjust(call, *original);
  if (command == "unvoid") return unvoid(call, *original);
  return void_it(call, *original);
}

}  // namespace

GatewayWork gate_change(std::shared_ptr<const GateCall> call) {
  GatewayWork work;
  work.ask = GatewayAsk::change;
  if (const Payment* original = original_of(*call)) {
    work.amount_minor = original->amount.minor;
    const std::string& masked = original->card.masked;
    work.card_last4 = masked.size() < 4 ? std::string() : masked.substr(masked.size() - 4);
  }
  work.perform = [call](WallTime now, bool) { return change(*call, now); };
  return work;
}

}  // namespace standin::rehearsal
