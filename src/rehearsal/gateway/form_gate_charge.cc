#include <fmt/format.h>

#include "base/text.h"
#include "rehearsal/gateway/form_gate.h"
#include "rehearsal/gateway/sandbox_cards.h"
#include "vault/plain_digest.h"

namespace standin::rehearsal {
namespace {

constexpr std::int64_t sale_minor_most = 9'999'900;  // $99,999
constexpr std::size_t reference_size_max = 64;

/// A charge as it will stand in the ledger if the issuer agrees.
struct GateCharge {
  Payment row;
  CardBehaviour issuer;
  bool partial = false;    ///< an approval of less is welcome
  bool test = false;       ///< nothing is written down
  bool offline = false;    ///< authorized elsewhere: nobody is asked
  bool save_card = false;  ///< keep the card under a reference
  bool claimed = false;
};

using ChargeResult = std::expected<GateCharge, std::string_view>;  // or the vendor's error code

/// Number and MMYY of a magstripe read: "%B4111...^NAME^YYMM...?" or ";4111...=YYMM...?".
std::pair<std::string_view, std::string> from_magstripe(std::string_view read) {
  const auto begin = read.find_first_of("0123456789");
  const auto end = begin == std::string_view::npos ? begin : read.find_first_not_of("0123456789", begin);
  if (end == std::string_view::npos) return {};
  auto after = end + 1;
  if (read[end] == '^') after = read.find('^', end + 1);
  if (read[end] == '^' && after != std::string_view::npos) ++after;
  if (after == std::string_view::npos || after + 4 > read.size()) return {};
  const std::string_view year_month = read.substr(after, 4);
  return {read.substr(begin, end - begin), fmt::format("{}{}", year_month.substr(2), year_month.substr(0, 2))};
}

std::expected<GivenCard, std::string_view> numbered_card(std::string_view number, std::string_view expiry,
                                                         WallTime now) {
  if (const auto problem = card_problem(number)) return std::unexpected(*problem);
  if (expiry.size() != 4 || !all_digits(expiry)) return std::unexpected("00015");
  if (expired(expiry, now)) return std::unexpected("00017");
  return given_card(number, expiry);
}

std::expected<GivenCard, std::string_view> card_in(const GateCall& call, WallTime now) {
  const Fields& fields = call.fields;
  if (call.command == "quicksale") {
    const Payment* original = original_of(call);
    if (original == nullptr) return std::unexpected("10105");
    return GivenCard{original->card, behaviour_of(original->card.fingerprint)};
  }
  if (const std::string_view read = fields["UMmagstripe"]; !read.empty()) {
    const auto [number, expiry] = from_magstripe(read);
    if (number.empty()) return std::unexpected("10119");
    return numbered_card(number, expiry, now);
  }
  if (const SavedCard* saved = call.state.books.find_card(fields["UMcard"])) {
    return GivenCard{saved->card, behaviour_of(saved->card.fingerprint)};
  }
  return numbered_card(fields["UMcard"], fields["UMexpir"], now);
}

std::expected<GivenCard, std::string_view> account_in(const Fields& fields) {
  const std::string_view routing = fields["UMrouting"];
  const std::string_view account = fields["UMaccount"];
  if (routing.size() != 9 || !all_digits(routing) || routing == "987654321") return std::unexpected("00038");
  if (account.empty() || account.size() > 17 || !all_digits(account)) return std::unexpected("00039");
  GivenCard given = given_card(fmt::format("{}{}", routing, account), "");
  const std::string_view tail = account.substr(account.size() - std::min<std::size_t>(account.size(), 4));
  given.seen.masked = fmt::format("xxxxx{}", account.size() > 4 ? tail : std::string_view());
  given.seen.brand.clear();
  given.behaviour = {.avs = "", .cvv = ""};
  return given;
}

std::expected<Money, std::string_view> amount_in(const GateCall& call) {
  const auto currency = Currency::parse(call.merchant.currency);
  ensure(currency.has_value(), "a source key's currency was checked");
  if (call.command == "save") return Money{0, *currency};
  const auto amount = money_from_decimal(call.fields["UMamount"], *currency);
  if (!amount || amount->minor <= 0) return std::unexpected("10129");
  if (amount->minor > sale_minor_most) return std::unexpected("00070");
  return *amount;
}

PaymentKind kind_of(std::string_view command) {
  if (command == "authonly") return PaymentKind::hold;
  if (command == "credit") return PaymentKind::credit;
  if (command == "check:sale") return PaymentKind::check;
  return PaymentKind::sale;
}

ChargeResult charge_in(const GateCall& call, WallTime now) {
  const Fields& fields = call.fields;
  const auto amount = amount_in(call);
  if (!amount) return std::unexpected(amount.error());
  const bool check = call.command == "check:sale";
  const auto card = check ? account_in(fields) : card_in(call, now);
  if (!card) return std::unexpected(card.error());
  GateCharge charge{.issuer = card->behaviour};
  if (check && amount->minor == 599) charge.issuer.decline = "10300";
  Payment& row = charge.row;
  row.kind = kind_of(call.command);
  row.source_key = call.merchant.key;
  row.country = call.merchant.country;
  row.asked_minor = amount->minor;
  row.amount = *amount;
  row.card = card->seen;
  row.invoice = printable(fields["UMinvoice"]).substr(0, reference_size_max);
  row.orderid = printable(fields["UMorderid"]).substr(0, reference_size_max);
  row.description = printable(fields["UMdescription"]);
  row.standin_key = printable(call.standin_key);
  row.idempotency_key = printable(call.idempotency_key);
  row.location = call.location;
  row.avs = card->behaviour.avs;
  row.cvv = !check && fields["UMcvv2"].empty() ? "" : std::string(card->behaviour.cvv);
  charge.partial = says_yes(fields["UMallowPartialAuth"]);
  charge.test = says_yes(fields["UMtestmode"]);
  charge.save_card = says_yes(fields["UMsaveCard"]);
  charge.offline = call.command == "postauth" || call.command == "credit" || call.command == "save";
  if (call.command == "postauth") {
    row.auth_code = printable(fields["UMauthCode"]).substr(0, 6);
    if (row.auth_code.empty()) return std::unexpected("10129");
  }
  return charge;
}

std::optional<Response> claim(const GateCall& call, GateCharge& charge, WallTime now) {
  const DuplicateMode mode = call.merchant.duplicates;
  if (mode == DuplicateMode::none || says_yes(call.fields["UMignoreDuplicate"])) return std::nullopt;
  const std::string signature = duplicate_signature(charge.row);
  const Payment* same = call.state.books.find_duplicate(signature);
  if (same != nullptr && now - same->made < call.merchant.duplicate_window) {
    if (mode == DuplicateMode::fold) return gate_answer(*same, true);
    const auto left = call.merchant.duplicate_window - (now - same->made);
    return gate_error(call.state, "00031",
                      fmt::format("Duplicate transaction, wait at least {} minutes before trying again.",
                                  std::chrono::ceil<std::chrono::minutes>(left).count()));
  }
  if (!call.state.in_flight.insert(signature).second) return gate_error(call.state, "00093");
  charge.claimed = true;
  return std::nullopt;
}

void give_up(const GateCall& call, GateCharge& charge) {
  if (charge.claimed) call.state.in_flight.erase(duplicate_signature(charge.row));
  charge.claimed = false;
}

/// What the issuer makes of it.
void decide(GateCharge& charge) {
  Payment& row = charge.row;
  row.state = row.kind == PaymentKind::hold ? PaymentState::authorized : PaymentState::captured;
  if (charge.offline) return;
  const bool short_of_funds = charge.issuer.percent < 100 && !charge.partial;
  if (!charge.issuer.decline.empty() || short_of_funds) {
    row.state = PaymentState::declined;
    row.error_code = short_of_funds ? "10251" : charge.issuer.decline;
  } else if (charge.issuer.percent < 100) {
    row.amount.minor = row.asked_minor * charge.issuer.percent / 100;
  }
}

/// The fields that tell of a card kept: UMcardRef, UMcardType, UMmaskedCardNum.
std::string keep_card(GatewayState& state, const SeenCard& card) {
  const std::string reference = scrambled(std::stoull(card.fingerprint, nullptr, 16));
  state.books.save(SavedCard{reference, card});
  return fmt::format("UMcardRef={}&UMcardType={}&UMmaskedCardNum={}", reference, percent_encoded(card.brand),
                     card.masked);
}

Response perform(const GateCall& call, GateCharge& charge, WallTime now, bool late) {
  give_up(call, charge);
  Payment& row = charge.row;
  decide(charge);
  row.made = now;
  if (charge.test) {
    row.auth_code = row.state == PaymentState::declined ? "" : "TESTMD";
    return gate_answer(row);
  }
  const bool approved = row.state != PaymentState::declined;
  std::string more;
  if (approved && (charge.save_card || call.command == "save")) more = keep_card(call.state, row.card);
  if (call.command == "save") return gate_answer(row, false, more);
  if (!late || !approved) return gate_answer(call.state.books.add(row), false, more);
  const std::int64_t refnum = call.state.books.add(row).refnum;
  call.state.books.change(refnum, [](Payment& payment) {
    payment.state = PaymentState::voided;
    payment.reversed = true;
  });
  return gate_error(call.state, "00018");
}

}  // namespace

GatewayWork gate_charge(std::shared_ptr<const GateCall> call, WallTime now) {
  auto read = charge_in(*call, now);
  if (!read) return answered(GatewayAsk::charge, gate_error(call->state, read.error()));
  const auto charge = std::make_shared<GateCharge>(std::move(*read));
  GatewayWork work;
  work.ask = GatewayAsk::charge;
  work.amount_minor = charge->row.asked_minor;
  const std::string& masked = charge->row.card.masked;
  work.card_last4 = masked.size() < 4 ? std::string() : masked.substr(masked.size() - 4);
  if (!charge->offline) work.processing = charge->issuer.delay;
  work.claim = [call, charge](WallTime at) { return claim(*call, *charge, at); };
  work.perform = [call, charge](WallTime at, bool late) { return perform(*call, *charge, at, late); };
  work.fail = [call, charge](std::string_view code) {
    give_up(*call, *charge);
    return gate_error(call->state, code);
  };
  return work;
}

}  // namespace standin::rehearsal
