#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace standin {

/// An ISO 4217 currency that has minor units.
class Currency {
 public:
  /// "usd" and "USD" alike; nothing for a code that ISO 4217 does not list.
  static std::optional<Currency> parse(std::string_view code);
  /// Three capital letters.
  std::string_view code() const { return {code_.data(), 3}; }
  /// How many decimals its minor unit has: USD 2, JPY 0, KWD 3.
  int decimals() const { return decimals_; }

  auto operator<=>(const Currency&) const = default;

 private:
  std::array<char, 3> code_{'X', 'X', 'X'};
  std::int8_t decimals_ = 0;
};

/// An amount of money: an integer of minor units. Never floating point.
struct Money {
  std::int64_t minor = 0;
  Currency currency;

  bool operator==(const Money&) const = default;
};

/// The largest amount read from a request, 10^15 minor units: sums of any number of orders that fit in memory stay in
/// 64 bits.
constexpr std::int64_t amount_minor_max = 1'000'000'000'000'000;

/// "1234" is 12.34 USD. Digits alone: no sign, exponent, separator or fraction; at most amount_minor_max.
Result<Money> money_from_minor(std::string_view digits, Currency currency);
/// "12.3" and "12.30" are 12.30 USD; more decimals than the currency has are an error, as are sign, exponent and
/// separators.
Result<Money> money_from_decimal(std::string_view text, Currency currency);
/// "25.00 USD"
Result<Money> parse_money(std::string_view text);
/// "25.00"
std::string decimal(const Money& money);
/// The same number of another currency: 12.00 of one that has no minor unit is 12. Decimals that it lacks are cut off.
Money same_number(Money money, Currency currency);
/// "25.00 USD"
std::string text(const Money& money);

}  // namespace standin
