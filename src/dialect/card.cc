#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "base/text.h"
#include "dialect/charge.h"

namespace standin {
namespace {

/// Account numbers whose first digits lie from `first` to `last`, both of the same length (ISO/IEC 7812-1; the
/// networks' published ranges).
struct NumberRange {
  int digits, first, last;
  std::string_view network;
};

constexpr std::array ranges{
    NumberRange{1, 4, 4, "visa"},
    NumberRange{2, 51, 55, "mastercard"},
    NumberRange{4, 2221, 2720, "mastercard"},
    NumberRange{2, 34, 34, "amex"},
    NumberRange{2, 37, 37, "amex"},
    NumberRange{4, 6011, 6011, "discover"},
    NumberRange{3, 644, 649, "discover"},
    NumberRange{2, 65, 65, "discover"},
    NumberRange{4, 3528, 3589, "jcb"},
    NumberRange{3, 300, 305, "diners"},
    NumberRange{4, 3095, 3095, "diners"},
    NumberRange{2, 36, 36, "diners"},
    NumberRange{2, 38, 39, "diners"},
};

constexpr std::size_t account_digits_min = 13;

bool within(std::string_view number, const NumberRange& range) {
  int prefix = 0;
  const std::string_view digits = number.substr(0, range.digits);
  std::from_chars(std::to_address(digits.begin()), std::to_address(digits.end()), prefix);
  return prefix >= range.first && prefix <= range.last;
}

}  // namespace

std::string card_network(std::string_view account_number) {
  if (account_number.size() < account_digits_min || !all_digits(account_number)) return {};
  const auto range =
      std::ranges::find_if(ranges, [&](const NumberRange& each) { return within(account_number, each); });
  return range == ranges.end() ? std::string() : std::string(range->network);
}

std::string shown_card(std::string_view account_number) {
  std::string shown(account_number.size(), 'x');
  if (account_number.size() < account_digits_min || !all_digits(account_number)) return shown;
  shown.replace(0, 6, account_number.substr(0, 6));
  shown.replace(shown.size() - 4, 4, account_number.substr(account_number.size() - 4));
  return shown;
}

}  // namespace standin
