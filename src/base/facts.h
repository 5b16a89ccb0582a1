#pragma once

#include <optional>
#include <string>

#include "base/money.h"

namespace standin {

/// What a dialect reads from a request, and all that the risk engine sees of it. Absent facts are empty.
/// None of these may hold an account number: a card is known by its fingerprint alone.
struct Facts {
  std::optional<Money> amount;
  std::string merchant;
  std::string customer;
  std::string card;  ///< keyed fingerprint
  std::string reference;
  std::string country;
  std::string network;  ///< of the card: "visa", "mastercard", "amex", "discover", ...
};

}  // namespace standin
