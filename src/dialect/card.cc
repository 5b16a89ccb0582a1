#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "base/text.h"
#include "dialect/charge.h"
#include "dialect/plain_text.h"

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
constexpr std::size_t account_digits_max = 19;

bool within(std::string_view number, const NumberRange& range) {
  int prefix = 0;
  const std::string_view digits = number.substr(0, range.digits);
  std::from_chars(std::to_address(digits.begin()), std::to_address(digits.end()), prefix);
  return prefix >= range.first && prefix <= range.last;
}

bool is_digit(std::string_view text, std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; }

/// Ending where a group of digits ends.
bool begins_with_account_number(std::string_view text) {
  std::string digits;
  for (std::size_t at = 0; is_digit(text, at) && digits.size() < account_digits_max; ++at) {
    digits.push_back(text[at]);
    if (is_digit(text, at + 1)) continue;
    if (!card_network(digits).empty() && account_number(digits)) return true;
    if (at + 1 < text.size() && (text[at + 1] == ' ' || text[at + 1] == '-')) ++at;
  }
  return false;
}

}  // namespace

std::string card_network(std::string_view account_number) {
  if (account_number.size() < account_digits_min || !all_digits(account_number)) return {};
  const auto range =
      std::ranges::find_if(ranges, [&](const NumberRange& each) { return within(account_number, each); });
  return range == ranges.end() ? std::string() : std::string(range->network);
}

bool holds_account_number(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (is_digit(text, at) && (at == 0 || !is_digit(text, at - 1)) && begins_with_account_number(text.substr(at)))
      return true;
  }
  return false;
}

std::string shown_card(std::string_view account_number) {
  std::string shown(account_number.size(), 'x');
  if (account_number.size() < account_digits_min || !all_digits(account_number)) return shown;
  shown.replace(0, 6, account_number.substr(0, 6));
  shown.replace(shown.size() - 4, 4, account_number.substr(account_number.size() - 4));
  return shown;
}

}  // namespace standin
