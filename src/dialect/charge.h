#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/money.h"
#include "base/outcome.h"
#include "vault/secret.h"

namespace standin {

/// A charge without any party's wire format: what a second party is asked when nothing was sent to the first. It holds
/// the account number, so that it lives for one request only and is never stored or printed.
struct Charge {
  Money amount;
  bool capture = true;  ///< false: a hold on the amount, captured later
  SecretText number, security_code;
  int expiry_month = 0, expiry_year = 0;  ///< 1 to 12; four digits
  std::string holder, street, zip;
  std::string invoice, order_reference, description, email;
};

/// What a party said of a charge, without its wire format.
struct ChargeAnswer {
  Outcome outcome = Outcome::declined;  ///< approved or declined
  std::string upstream_reference;
  std::string auth_code;      ///< "" if there is none
  std::optional<Money> part;  ///< approved for less than was asked: this much
  enum class Why {
    none,
    declined,  ///< generic
    insufficient_funds,
    expired_card,
    wrong_number,
    wrong_security_code,
    lost_or_stolen,
  } why = Why::none;
};

/// What is to be done about a charge that a party has, without any party's wire format.
struct Amendment {
  enum class Kind { cancel, capture, refund } kind = Kind::cancel;
  std::string upstream_reference;  ///< of the charge
  std::optional<Money> amount;     ///< of a capture or refund
  bool held = false;               ///< the charge is a hold that is not captured
};

/// By which a party knows who asks, and the secret that proves it. From the upstream's credentials_file.
struct Credential {
  SecretText name, secret;
};

/// "visa", "mastercard", "amex", "discover", "jcb", "diners", or "" for a number that is none of theirs.
std::string card_network(std::string_view account_number);
/// Whether a text that people write has somewhere in it what looks like an account number of one of those networks:
/// 13 to 19 digits in groups of any length, one space or dash between them, passing Luhn's check.
bool holds_account_number(std::string_view text);
/// First six and last four, the rest as "x": all of a card that people and logs may see.
std::string shown_card(std::string_view account_number);

}  // namespace standin
