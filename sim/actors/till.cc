#include "sim/actors/till.h"

#include <fmt/format.h>

#include <array>

#include "base/result.h"

namespace standin::sim {
namespace {

// docs/sim-gateway.md, "Cards".
constexpr std::array<std::string_view, 7> declined_cards = {"4000300011112220", "4000300001112222", "4000300211112228",
                                                            "4000300611112224", "4000300811112222", "4000300911112221",
                                                            "4000301311112225"};
constexpr std::array<std::string_view, 3> slow_cards = {"4000000011112226", "4000000011112234", "4000000011112242"};
constexpr std::array<std::string_view, 2> partial_cards = {"4000000011112275", "4000000011112283"};
// Shared by many purchases of a run.
constexpr std::array<std::string_view, 3> usual_cards = {"4000100011112224", "4000200011112222", "4000101211112220"};

template <std::size_t Size>
std::string one_of(const std::array<std::string_view, Size>& cards, Random& random) {
  return std::string(cards[random.below(Size)]);
}

/// The digit that makes the account number a good one (ISO/IEC 7812-1, Luhn).
char check_digit(std::string_view digits) {
  int sum = 0;
  bool twice = true;
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, twice = !twice) {
    const int value = (*digit - '0') * (twice ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return static_cast<char>('0' + (10 - sum % 10) % 10);
}

/// One that is approved, and hardly anybody else's.
std::string new_card(Random& random) {
  std::string digits = fmt::format("4539{:011}", random.below(100'000'000'000));
  digits.push_back(check_digit(digits));
  return digits;
}

std::string draw_card(Random& random, const Taste& taste, bool partial) {
  if (partial) return one_of(partial_cards, random);
  if (chance(random, taste.slow_cards ? 0.16 : 0.08)) return one_of(declined_cards, random);
  if (taste.slow_cards && chance(random, 0.08)) return one_of(slow_cards, random);
  if (chance(random, 0.25)) return one_of(usual_cards, random);
  return new_card(random);
}

/// Another card for the same purchase, as a customer has one.
std::string other_card(std::string_view card) {
  return std::string(card == usual_cards[0] ? usual_cards[1] : usual_cards[0]);
}

std::string dollars(std::int64_t minor) { return fmt::format("{}.{:02}", minor / 100, minor % 100); }

std::string_view command_of(std::string_view what) {
  if (what == "void") return "cc:void";
  if (what == "refund") return "cc:refund";
  if (what == "capture") return "cc:capture";
  unreachable();
}

Request form(std::string target, std::string body) {
  Request request{.method = "POST", .target = std::move(target), .headers = {}, .body = std::move(body)};
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  return request;
}

}  // namespace

Wish TillShopper::draw(std::size_t number, Random& random, const Taste& taste) const {
  Wish wish = draw_common(number, random);
  wish.key.clear();
  wish.hold = chance(random, 0.25);
  wish.partial = chance(random, 0.05);
  wish.card = draw_card(random, taste, wish.partial);
  return wish;
}

Request TillShopper::sale(const Wish& wish) const {
  return form("/gate", fmt::format("UMkey={}&UMcommand={}&UMamount={}&UMcard={}&UMexpir=1230&UMcvv2=123&UMorderid={}&"
                                   "UMinvoice={}&UMcustid={}&UMzip={}{}",
                                   source_key_, wish.hold ? "cc:authonly" : "cc:sale", dollars(wish.amount_minor),
                                   wish.card, wish.name, wish.invoice, wish.customer, wish.zip,
                                   wish.partial ? "&UMallowPartialAuth=Y" : ""));
}

Request TillShopper::change(const Wish&, const Change& change) const {
  const bool amount = change.what == "refund";
  return form("/gate", fmt::format("UMkey={}&UMcommand={}&UMrefNum={}{}", source_key_, command_of(change.what),
                                   change.reference, amount ? "&UMamount=" + dollars(change.amount_minor) : ""));
}

bool TillShopper::can(const Wish&, std::string_view what) const { return what != "read"; }

Wish TillShopper::with_other_key(Wish wish) const {
  wish.card = other_card(wish.card);
  return wish;
}

Wish TillShopper::with_other_payload(Wish wish) const {
  wish.zip = "94105";
  return wish;
}

Wish StripeShopper::draw(std::size_t number, Random& random, const Taste& taste) const {
  Wish wish = draw_common(number, random);
  wish.hold = chance(random, 0.25);
  wish.intent = chance(random, 0.6);
  wish.card = draw_card(random, taste, false);
  return wish;
}

Request StripeShopper::post(std::string target, std::string body, const std::string& key) const {
  Request request = form(std::move(target), std::move(body));
  request.headers.add("Authorization", authorization_);
  request.headers.add("Idempotency-Key", key);
  return request;
}

Request StripeShopper::sale(const Wish& wish) const {
  // Without the security code: a replay sends the very same parameters, which the gateway compares.
  const std::string_view card = wish.intent ? "payment_method_data[card]" : "source";
  const auto common = fmt::format(
      "amount={0}&currency=usd&{1}[number]={2}&{1}[exp_month]=12&{1}[exp_year]=2030&metadata[order_id]={3}&"
      "description={4}",
      wish.amount_minor, card, wish.card, wish.name, wish.zip);
  if (wish.intent) {
    return post("/v1/payment_intents",
                fmt::format("{}&payment_method_data[type]=card&confirm=true{}", common,
                            wish.hold ? "&capture_method=manual" : ""),
                wish.key);
  }
  return post("/v1/charges", fmt::format("{}&source[object]=card{}", common, wish.hold ? "&capture=false" : ""),
              wish.key);
}

Request StripeShopper::change(const Wish& wish, const Change& change) const {
  const std::string_view kind = change.reference.starts_with("standin") ? (wish.intent ? "pi_" : "ch_") : "";
  const std::string id = fmt::format("{}{}", kind, change.reference);
  const std::string object = fmt::format("/v1/{}/{}", wish.intent ? "payment_intents" : "charges", id);
  if (change.what == "void") return post(object + "/cancel", {}, change.key);
  if (change.what == "capture") return post(object + "/capture", {}, change.key);
  if (change.what == "refund") {
    return post("/v1/refunds",
                fmt::format("{}={}&amount={}", wish.intent ? "payment_intent" : "charge", id, change.amount_minor),
                change.key);
  }
  Request request{.method = "GET", .target = object, .headers = {}, .body = {}};
  request.headers.add("Authorization", authorization_);
  return request;
}

bool StripeShopper::can(const Wish& wish, std::string_view what) const { return what != "void" || wish.intent; }

Wish StripeShopper::with_other_key(Wish wish) const {
  wish.key += "-again";
  return wish;
}

Wish StripeShopper::with_other_payload(Wish wish) const {
  wish.amount_minor += 100;
  return wish;
}

}  // namespace standin::sim
