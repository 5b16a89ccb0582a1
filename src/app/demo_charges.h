#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "app/demo_standin.h"
#include "rehearsal/gateway/payment.h"
#include "rehearsal/shop_model.h"

namespace standin::demo {

/// How many charges, and their sum in minor units of USD.
struct Sum {
  std::uint64_t count = 0;
  std::int64_t minor = 0;

  void add(const Money& amount) {
    ++count;
    minor += amount.minor;
  }
};

/// The gateway's ledger held against the shop's orders, in both directions. The lists name the shop's orders, and must
/// be empty.
struct ChargeTally {
  Sum by_gateway;  ///< approved to the shop by the gateway itself
  Sum at_till;     ///< in its stead; each of these has come to one of the four ends below
  Sum charged;     ///< by the gateway since, or before its answer was lost
  Sum refused;     ///< the gateway declined it later: with a person
  Sum withdrawn;   ///< the shop cancelled the order first
  Sum open;
  Sum voided;  ///< of all that was charged: the shop cancelled the order later
  std::uint64_t declined_by_gateway = 0;
  std::uint64_t declined_at_till = 0;
  Sum standing;  ///< in the gateway's ledger: `by_gateway` and `charged` without `voided`, if the books agree

  std::vector<std::string> not_charged;              ///< accepted, no charge stands, and no person has the case
  std::vector<std::string> charged_twice;            ///< more than one charge stands
  std::vector<std::string> charged_though_declined;  ///< or cancelled, or unknown to the shop; and nobody has the case
  std::vector<std::string> charged_another_sum;

  bool clean() const {
    return not_charged.empty() && charged_twice.empty() && charged_though_declined.empty() &&
           charged_another_sum.empty();
  }
};

ChargeTally count_charges(const rehearsal::Books& books, const std::vector<rehearsal::Payment>& payments,
                          const Kept& kept);

}  // namespace standin::demo
