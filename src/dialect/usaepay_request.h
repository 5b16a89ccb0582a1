#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dialect/dialect.h"
#include "dialect/usaepay_form.h"

namespace standin {

/// How a request says which card is to pay.
struct UsaepayCard {
  enum class Kind {
    none,
    number,  ///< account number and expiry, keyed or read from a track
    token,   ///< a saved card's reference
    sealed,  ///< a track that only the vendor can decrypt
    unread,  ///< an account number, expiry or track that is malformed
  } kind = Kind::none;
  std::string number;                     ///< digits alone
  int expiry_month = 0, expiry_year = 0;  ///< 1 to 12; four digits
  std::string_view where, wrong;          ///< of an unread one: the field, and what is wrong with it; for ever valid
  bool from_track = false;

  /// MMYY
  std::string expiry() const;
};

UsaepayCard card_of(const UsaepayForm& form);

/// UMcommand in lower case without "cc:"; "sale" if there is none, as the vendor reads it.
std::string command_of(const UsaepayForm& form);
std::string command_of(std::string_view written);
/// A sale or a hold, of whatever card.
bool asks_for_charge(std::string_view command);
/// A hold, captured later.
bool asks_for_hold(std::string_view command);

/// Which the request asks for; docs/dialect-usaepay.md has the table. `card` is the form's.
Operation operation_of(const Request& request, const UsaepayForm& form, const UsaepayCard& card);

/// UMcurrency, a code in letters or digits, or `otherwise` if there is none; nothing if it is none that we know.
std::optional<Currency> currency_of(const UsaepayForm& form, Currency otherwise);
/// UMamount; nothing if it is absent. An error names the field.
Result<std::optional<Money>> amount_of(const UsaepayForm& form, Currency otherwise);

/// Other payees have parts of their own (UM02key, UM02amount...), which UMamount does not count.
bool is_split(const UsaepayForm& form);

/// Security code, track, PIN block, chip data: what may not be kept (PCI DSS 3.3, "sensitive authentication data").
bool is_security_data(std::string_view field_name);

}  // namespace standin
