#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "rehearsal/load_stats.h"
#include "rehearsal/shop_model.h"

namespace standin::rehearsal {

/// What shoppers were told, held against what the shop has done, one intent (cart) at a time. The lists name carts.
struct Verdict {
  std::uint64_t intents = 0;
  std::uint64_t told_yes = 0;
  std::uint64_t told_no = 0;
  std::uint64_t told_neither_or_nothing = 0;
  std::uint64_t served = 0;                 ///< exactly one standing order with one standing charge
  std::uint64_t excused = 0;                ///< would be in a list below, but a person has the case
  std::vector<std::string> yes_not_served;  ///< told yes; no standing order, or no standing charge
  std::vector<std::string> served_twice;    ///< more than one standing order or charge, whatever was told
  std::vector<std::string> no_but_served;   ///< told no, never yes; an order or a charge stands
  std::vector<std::string> told_both;       ///< one key, and both answers

  bool clean() const {
    return yes_not_served.empty() && served_twice.empty() && no_but_served.empty() && told_both.empty();
  }
};

/// `with_a_person`: carts of open or closed follow-ups. They excuse a yes that the shop refused afterwards and a no
/// that it served, never a second charge or a second answer. Carts that no attempt names are not looked at.
Verdict judge(const std::vector<Attempt>& attempts, const Books& books,
              const std::set<std::string>& with_a_person = {});

}  // namespace standin::rehearsal
