#include "rehearsal/gateway/sandbox_cards.h"

#include <fmt/format.h>

#include <array>
#include <map>

#include "base/text.h"
#include "rehearsal/gateway/fields.h"
#include "vault/plain_digest.h"

namespace standin::rehearsal {
namespace {

using namespace std::chrono_literals;

struct SandboxCard {
  std::string_view number;
  CardBehaviour behaviour;
};

constexpr CardBehaviour avs(std::string_view code) { return {.avs = code}; }
constexpr CardBehaviour cvv(std::string_view code) { return {.cvv = code}; }
constexpr CardBehaviour declines(std::string_view code, std::string_view reason) {
  return {.decline = code, .stripe_code = "card_declined", .decline_code = reason};
}
constexpr CardBehaviour fails(std::string_view code, std::string_view stripe_code) {
  return {.decline = code, .stripe_code = stripe_code, .decline_code = stripe_code, .cvv = "N"};
}
constexpr CardBehaviour after(Duration delay) { return {.delay = delay}; }
constexpr CardBehaviour part(int percent) { return {.percent = percent}; }

// The vendor's sandbox cards, https://help.usaepay.info/developer/reference/testcards/, and Stripe's test cards,
// https://docs.stripe.com/testing.
constexpr std::array card_table{
    SandboxCard{"4000100011112224", avs("YYY")},
    SandboxCard{"4000100111112223", avs("YYX")},
    SandboxCard{"4000100211112222", avs("NYZ")},
    SandboxCard{"4000100311112221", avs("NYW")},
    SandboxCard{"4000100411112220", avs("YNA")},
    SandboxCard{"4000100511112229", avs("NNN")},
    SandboxCard{"4000100611112228", avs("XXW")},
    SandboxCard{"4000100711112227", avs("XXU")},
    SandboxCard{"4000100811112226", avs("XXR")},
    SandboxCard{"4000100911112225", avs("XXS")},
    SandboxCard{"4000101011112222", avs("XXE")},
    SandboxCard{"4000101111112221", avs("XXG")},
    SandboxCard{"4000101211112220", avs("YYG")},
    SandboxCard{"4000101311112229", avs("GGG")},
    SandboxCard{"4000101411112228", avs("YGG")},
    SandboxCard{"4000200011112222", cvv("M")},
    SandboxCard{"4000200111112221", cvv("N")},
    SandboxCard{"4000200211112220", cvv("P")},
    SandboxCard{"4000200311112229", cvv("S")},
    SandboxCard{"4000200411112228", cvv("U")},
    SandboxCard{"4000200511112227", cvv("X")},
    SandboxCard{"4000300011112220", declines("10127", "generic_decline")},
    SandboxCard{"4000300001112222", declines("10204", "pickup_card")},
    SandboxCard{"4000300111112229", declines("10204", "pickup_card")},
    SandboxCard{"4000300211112228", declines("10205", "do_not_honor")},
    SandboxCard{"4000300311112227", declines("10212", "transaction_not_allowed")},
    SandboxCard{"4000300411112226", declines("10215", "generic_decline")},
    SandboxCard{"4000300511112225", declines("10225", "generic_decline")},
    SandboxCard{"4000300611112224", declines("10251", "insufficient_funds")},
    SandboxCard{"4000300711112223", declines("10255", "invalid_pin")},
    SandboxCard{"4000300811112222", declines("10257", "transaction_not_allowed")},
    SandboxCard{"4000300911112221", declines("10262", "restricted_card")},
    SandboxCard{"4000301011112228", declines("10265", "withdrawal_count_limit_exceeded")},
    SandboxCard{"4000301111112227", declines("10275", "pin_try_exceeded")},
    SandboxCard{"4000301211112226", declines("10278", "generic_decline")},
    SandboxCard{"4000301311112225", fails("10297", "incorrect_cvc")},
    SandboxCard{"4000000011112226", after(5s)},
    SandboxCard{"4000000011112234", after(15s)},
    SandboxCard{"4000000011112242", after(30s)},
    SandboxCard{"4000000011112259", after(45s)},
    SandboxCard{"4000000011112267", after(60s)},
    SandboxCard{"4000000011112275", part(50)},
    SandboxCard{"4000000011112283", part(75)},
    SandboxCard{"4000000000000002", declines("10127", "generic_decline")},
    SandboxCard{"4000000000009995", declines("10251", "insufficient_funds")},
    SandboxCard{"4000000000009987", declines("10204", "lost_card")},
    SandboxCard{"4000000000009979", declines("10204", "stolen_card")},
    SandboxCard{"4100000000000019", declines("10127", "fraudulent")},
    SandboxCard{"4000000000000069", fails("10127", "expired_card")},
    SandboxCard{"4000000000000127", fails("10297", "incorrect_cvc")},
    SandboxCard{"4000000000000119", fails("10127", "processing_error")},
};

struct TestToken {
  std::string_view name;  ///< after "tok_" or "pm_card_"
  std::string_view number;
};
constexpr std::array tokens{
    TestToken{"visa", "4242424242424242"},
    TestToken{"visa_debit", "4000056655665556"},
    TestToken{"mastercard", "5555555555554444"},
    TestToken{"amex", "378282246310005"},
    TestToken{"discover", "6011111111111117"},
    TestToken{"gb", "4000008260000000"},
    TestToken{"chargeDeclined", "4000000000000002"},
    TestToken{"visa_chargeDeclined", "4000000000000002"},
    TestToken{"chargeDeclinedInsufficientFunds", "4000000000009995"},
    TestToken{"visa_chargeDeclinedInsufficientFunds", "4000000000009995"},
    TestToken{"chargeDeclinedLostCard", "4000000000009987"},
    TestToken{"chargeDeclinedStolenCard", "4000000000009979"},
    TestToken{"chargeDeclinedExpiredCard", "4000000000000069"},
    TestToken{"chargeDeclinedIncorrectCvc", "4000000000000127"},
    TestToken{"chargeDeclinedProcessingError", "4000000000000119"},
    TestToken{"chargeDeclinedFraudulent", "4100000000000019"},
    TestToken{"radarBlock", "4100000000000019"},
};

const SandboxCard* sandbox_card(std::string_view number) {
  for (const SandboxCard& card : card_table) {
    if (card.number == number) return &card;
  }
  return nullptr;
}

std::string fingerprint_of(std::string_view number) {
  return sha256_hex(fmt::format("standin simulated gateway card {}", number)).substr(0, 16);
}

bool luhn(std::string_view digits) {
  int sum = 0;
  bool twice = false;
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, twice = !twice) {
    const int value = (*digit - '0') * (twice ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 == 0;
}

std::string_view brand_of(std::string_view number) {
  if (number.starts_with("4")) return "visa";
  if (number.starts_with("34") || number.starts_with("37")) return "amex";
  if (number.starts_with("5") || number.starts_with("2")) return "mastercard";
  if (number.starts_with("6")) return "discover";
  return "unknown";
}

std::string masked(std::string_view number) {
  if (number.size() < 9) return std::string(number.size(), 'x');
  return fmt::format("{}{}{}", number.substr(0, 4), std::string(number.size() - 8, 'x'),
                     number.substr(number.size() - 4));
}

}  // namespace

std::optional<std::string_view> card_problem(std::string_view number) {
  if (number.empty()) return "00014";
  if (!all_digits(number)) return "00011";
  if (number.size() < 13 || number.size() > 16) return "00012";
  if (sandbox_card(number) == nullptr && !luhn(number)) return "00013";
  return std::nullopt;
}

GivenCard given_card(std::string_view number, std::string_view expiry) {
  const SandboxCard* known = sandbox_card(number);
  return {.seen = {.masked = masked(number),
                   .fingerprint = fingerprint_of(number),
                   .brand = std::string(brand_of(number)),
                   .expiry = std::string(expiry)},
          .behaviour = known == nullptr ? CardBehaviour{} : known->behaviour};
}

CardBehaviour behaviour_of(std::string_view fingerprint) {
  static const auto by_fingerprint = [] {
    std::map<std::string, CardBehaviour, std::less<>> made;
    for (const SandboxCard& card : card_table) made.emplace(fingerprint_of(card.number), card.behaviour);
    return made;
  }();
  const auto found = by_fingerprint.find(fingerprint);
  return found == by_fingerprint.end() ? CardBehaviour{} : found->second;
}

std::optional<std::string_view> stripe_test_card(std::string_view token) {
  for (const std::string_view prefix : {"tok_", "pm_card_"}) {
    if (!token.starts_with(prefix)) continue;
    const std::string_view name = token.substr(prefix.size());
    for (const TestToken& known : tokens) {
      if (known.name == name) return known.number;
    }
  }
  return std::nullopt;
}

bool expired(std::string_view expiry, WallTime now) {
  const auto month = whole_number(expiry.substr(0, 2), 1, 12);
  const auto year = whole_number(expiry.substr(2), 0, 99);
  if (!month || !year) return true;
  const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(now));
  const std::chrono::year_month last(std::chrono::year(2000 + static_cast<int>(*year)),
                                     std::chrono::month(static_cast<unsigned>(*month)));
  return last < std::chrono::year_month(today.year(), today.month());
}

}  // namespace standin::rehearsal
