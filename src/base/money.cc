#include "base/money.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace standin {
namespace {

// ISO 4217:2015 list one, codes in use that have minor units, grouped by the decimals of the minor unit.
constexpr std::string_view no_decimals = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
constexpr std::string_view three_decimals = "BHD IQD JOD KWD LYD OMR TND";
constexpr std::string_view four_decimals = "CLF UYW";
constexpr std::string_view two_decimals =
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF "
    "CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF "
    "IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN "
    "MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS "
    "SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG "
    "ZWL";

bool lists(std::string_view codes, std::string_view code) {
  for (std::size_t at = 0; at < codes.size(); at += 4) {
    if (codes.substr(at, 3) == code) return true;
  }
  return false;
}

std::optional<int> decimals_of(std::string_view code) {
  if (lists(two_decimals, code)) return 2;
  if (lists(no_decimals, code)) return 0;
  if (lists(three_decimals, code)) return 3;
  if (lists(four_decimals, code)) return 4;
  return std::nullopt;
}

}  // namespace

std::optional<Currency> Currency::parse(std::string_view code) {
  if (code.size() != 3) return std::nullopt;
  Currency currency;
  std::ranges::transform(code, currency.code_.begin(),
                         [](char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); });
  const auto decimals = decimals_of(currency.code());
  if (!decimals) return std::nullopt;
  currency.decimals_ = static_cast<std::int8_t>(*decimals);
  return currency;
}

Result<Money> money_from_minor(std::string_view digits, Currency currency) {
  if (!all_digits(digits)) return failure("an amount in minor units is digits alone");
  std::int64_t minor = 0;
  for (const char c : digits) {
    minor = minor * 10 + (c - '0');
    if (minor > amount_minor_max) return failure("the amount is larger than any this program handles");
  }
  return Money{minor, currency};
}

Result<Money> money_from_decimal(std::string_view text, Currency currency) {
  const auto point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  const auto decimals = static_cast<std::size_t>(currency.decimals());
  if (!all_digits(whole) || (point != std::string_view::npos && !all_digits(fraction))) {
    return failure("a decimal amount is digits with at most one point");
  }
  if (fraction.size() > decimals) {
    return failure(fmt::format("{} has {} decimals, the amount more", currency.code(), decimals));
  }
  std::string digits(whole);
  digits.append(fraction).append(decimals - fraction.size(), '0');
  return money_from_minor(digits, currency);
}

Result<Money> parse_money(std::string_view text) {
  const auto space = text.find(' ');
  if (space == std::string_view::npos) return failure("an amount is written like \"25.00 USD\"");
  const auto currency = Currency::parse(text.substr(space + 1));
  if (!currency) return failure("the currency is not an ISO 4217 code, such as USD");
  return money_from_decimal(text.substr(0, space), *currency);
}

std::string decimal(const Money& money) {
  const auto bits = static_cast<std::uint64_t>(money.minor);  // the smallest integer has no positive counterpart
  const auto decimals = static_cast<std::size_t>(money.currency.decimals());
  std::string digits = std::to_string(money.minor < 0 ? 0 - bits : bits);
  if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
  if (decimals > 0) digits.insert(digits.size() - decimals, ".");
  if (money.minor < 0) digits.insert(0, "-");
  return digits;
}

Money same_number(Money money, Currency currency) {
  for (int i = money.currency.decimals(); i > currency.decimals(); --i) money.minor /= 10;
  for (int i = money.currency.decimals(); i < currency.decimals(); ++i) money.minor *= 10;
  money.currency = currency;
  return money;
}

std::string text(const Money& money) { return decimal(money).append(" ").append(money.currency.code()); }

}  // namespace standin
