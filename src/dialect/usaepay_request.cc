#include "dialect/usaepay_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "dialect/plain_text.h"

namespace standin {
namespace {

/// ISO 4217's numbers of the currencies that the vendor lists (https://help.usaepay.info, "Currency Codes").
constexpr std::array<std::pair<std::string_view, std::string_view>, 24> currency_numbers{{
    {"036", "AUD"}, {"124", "CAD"}, {"156", "CNY"}, {"203", "CZK"}, {"208", "DKK"}, {"344", "HKD"},
    {"348", "HUF"}, {"356", "INR"}, {"376", "ILS"}, {"392", "JPY"}, {"410", "KRW"}, {"484", "MXN"},
    {"554", "NZD"}, {"578", "NOK"}, {"643", "RUB"}, {"702", "SGD"}, {"710", "ZAR"}, {"752", "SEK"},
    {"756", "CHF"}, {"826", "GBP"}, {"840", "USD"}, {"978", "EUR"}, {"985", "PLN"}, {"986", "BRL"},
}};

int number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

std::string without_separators(std::string_view text) {
  std::string out(text);
  std::erase_if(out, [](char c) { return c == ' ' || c == '-'; });
  return out;
}

UsaepayCard unread(std::string_view where, std::string_view wrong) {
  UsaepayCard card;
  card.kind = UsaepayCard::Kind::unread;
  card.where = where;
  card.wrong = wrong;
  return card;
}

/// MMYY, MM/YY, MMYYYY or MM/YYYY.
bool read_expiry(std::string text, UsaepayCard& card) {
  std::erase(text, '/');
  if (!all_digits(text) || (text.size() != 4 && text.size() != 6)) return false;
  card.expiry_month = number(std::string_view(text).substr(0, 2));
  card.expiry_year = number(std::string_view(text).substr(2));
  if (text.size() == 4) card.expiry_year += 2000;
  return card.expiry_month >= 1 && card.expiry_month <= 12 && card.expiry_year / 100 == 20;
}

/// The account number before `separator` and the YYMM that comes after `separators` of them.
std::optional<UsaepayCard> read_track(std::string_view track, char separator, std::size_t separators) {
  const auto parts = split(track, separator);
  if (parts.size() <= separators || parts[separators].size() < 4) return std::nullopt;
  const std::string_view expiry = parts[separators].substr(0, 4);
  UsaepayCard card{.kind = UsaepayCard::Kind::number, .number = std::string(parts[0]), .where = {}, .wrong = {}};
  card.from_track = true;
  if (!all_digits(card.number) || !account_number(card.number)) return std::nullopt;
  if (!read_expiry(std::string(expiry.substr(2)).append(expiry.substr(0, 2)), card)) return std::nullopt;
  return card;
}

/// ISO/IEC 7813: "%B" number "^" name "^" YYMM... "?" is track 1, ";" number "=" YYMM... "?" is track 2.
UsaepayCard read_tracks(std::string_view tracks) {
  constexpr std::string_view field = "UMmagstripe";
  if (lower(tracks.substr(0, 6)) == "enc://") {
    UsaepayCard sealed;
    sealed.kind = UsaepayCard::Kind::sealed;
    return sealed;
  }
  const auto first = tracks.find("%B");
  const auto second = tracks.find(';');
  std::optional<UsaepayCard> one, two;
  if (first != std::string_view::npos) one = read_track(tracks.substr(first + 2), '^', 2);
  if (second != std::string_view::npos) two = read_track(tracks.substr(second + 1), '=', 1);
  if (!one && !two) return unread(field, "is no track that can be read");
  if (one && two && one->number != two->number) return unread(field, "has two tracks of different cards");
  return one ? *one : *two;
}

UsaepayCard read_keyed(const UsaepayForm& form) {
  UsaepayCard card;
  std::string number = without_separators(form.text("UMcard"));
  if (number.empty()) return card;
  if (!all_digits(number)) {
    card.kind = UsaepayCard::Kind::token;
    return card;
  }
  if (!account_number(number)) return unread("UMcard", "is no account number");
  if (!read_expiry(std::string(trim(form.text("UMexpir"))), card))
    return unread("UMexpir", "is no month and year as MMYY");
  card.kind = UsaepayCard::Kind::number;
  card.number = std::move(number);
  return card;
}

bool is_zero(std::string_view amount) {
  return amount.contains('0') && amount.find_first_not_of("0.") == std::string_view::npos;
}

/// A client that asks for a signed answer (UMhash ".../y") takes one without UMresponseHash for an error, and that hash
/// needs the merchant's PIN: a yes of ours would be read as a no. A trial charge is none at all, and neither is one of
/// nothing (a question whether the card is good). Of a split payment the amount says one payee's part alone.
bool can_be_stood_in_for(const Request& request, const UsaepayForm& form, const UsaepayCard& card) {
  const bool named = card.kind == UsaepayCard::Kind::number || card.kind == UsaepayCard::Kind::unread;
  return named && request.path() == request.target && !form.text("UMhash").ends_with("/y") &&
         !form.is_true("UMtestmode") && !is_zero(form.text("UMamount")) && !is_split(form);
}

}  // namespace

std::string UsaepayCard::expiry() const { return fmt::format("{:02}{:02}", expiry_month, expiry_year % 100); }

UsaepayCard card_of(const UsaepayForm& form) {
  const std::string_view tracks = form.text("UMmagstripe");
  return trim(tracks).empty() ? read_keyed(form) : read_tracks(tracks);
}

std::string command_of(const UsaepayForm& form) { return command_of(form.text("UMcommand")); }

std::string command_of(std::string_view written) {
  std::string command = lower(trim(written));
  if (command.starts_with("cc:")) command.erase(0, 3);
  return command.empty() ? "sale" : command;
}

bool asks_for_charge(std::string_view command) { return command == "sale" || asks_for_hold(command); }

bool asks_for_hold(std::string_view command) { return command == "authonly" || command == "preauth"; }

Operation operation_of(const Request& request, const UsaepayForm& form, const UsaepayCard& card) {
  if (request.method != "POST") return Operation::other;
  const std::string command = command_of(form);
  if (asks_for_charge(command)) return can_be_stood_in_for(request, form, card) ? Operation::charge : Operation::other;
  if (form.text("UMrefNum").empty()) return Operation::other;
  if (command == "capture" || command == "postauth") return Operation::capture;
  if (command == "void" || command == "void:release" || command == "creditvoid") return Operation::cancel;
  if (command == "refund" || (command == "credit" && form.text("UMcard").empty())) return Operation::refund;
  return Operation::other;
}

std::optional<Currency> currency_of(const UsaepayForm& form, Currency otherwise) {
  const std::string code(trim(form.text("UMcurrency")));
  if (code.empty()) return otherwise;
  const auto numbered =
      std::ranges::find(currency_numbers, code, &std::pair<std::string_view, std::string_view>::first);
  return Currency::parse(numbered == currency_numbers.end() ? code : numbered->second);
}

Result<std::optional<Money>> amount_of(const UsaepayForm& form, Currency otherwise) {
  const std::string_view text = form.text("UMamount");
  if (text.empty()) return std::nullopt;
  const auto currency = currency_of(form, otherwise);
  if (!currency) return failure("currency (UMcurrency): is not a currency that this program knows", "UMcurrency");
  const auto amount = money_from_decimal(text, *currency);
  if (!amount) return failure("amount (UMamount): " + amount.error().what, "UMamount");
  return *amount;
}

bool is_split(const UsaepayForm& form) {
  return std::ranges::any_of(form.fields(), [](const Form::Field& field) {
    return field.name.size() > 4 && is_same_name(field.name.substr(0, 2), "UM") && all_digits(field.name.substr(2, 2));
  });
}

bool is_security_data(std::string_view field_name) {
  constexpr std::array<std::string_view, 9> names{"umcvv2",   "umcvv",   "umcvc",     "ummagstripe", "umtrack1",
                                                  "umtrack2", "umdukpt", "umiccdata", "umemvdata"};
  return is_same_name(field_name.substr(0, 5), "umpin") ||
         std::ranges::any_of(names, [&](std::string_view name) { return is_same_name(field_name, name); });
}

}  // namespace standin
