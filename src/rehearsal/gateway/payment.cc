#include "rehearsal/gateway/payment.h"

#include "base/result.h"

namespace standin::rehearsal {

std::string_view name(PaymentKind kind) {
  switch (kind) {
    case PaymentKind::sale: return "sale";
    case PaymentKind::hold: return "hold";
    case PaymentKind::credit: return "credit";
    case PaymentKind::refund: return "refund";
    case PaymentKind::check: return "check";
  }
  unreachable();
}

std::string_view name(PaymentState state) {
  switch (state) {
    case PaymentState::pending: return "pending";
    case PaymentState::authorized: return "authorized";
    case PaymentState::captured: return "captured";
    case PaymentState::voided: return "voided";
    case PaymentState::refunded: return "refunded";
    case PaymentState::declined: return "declined";
  }
  unreachable();
}

}  // namespace standin::rehearsal
