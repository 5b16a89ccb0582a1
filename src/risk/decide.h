#pragma once

#include <string>
#include <vector>

#include "base/facts.h"
#include "base/policy.h"
#include "base/time.h"

namespace standin {

/// What is known of a customer; without one, every customer is unknown.
struct Profile {};

/// What is counted over the journal at the moment of deciding.
struct Counters {
  std::vector<Money> exposure;  ///< the sum promised and not yet collected, one entry per currency
};

/// One rule's verdict.
struct Verdict {
  std::string rule;  ///< "facts", "floor_limit", "exposure"
  bool accept = false;
  std::string why;  ///< for a person, with the figures compared
};

struct Decision {
  bool accept = false;
  std::vector<Verdict> verdicts;  ///< every rule's, also after one has declined
  std::string policy_version;
};

/// Pure: the same values give the same decision and the same explanation. An order is accepted when every rule accepts.
Decision decide(const Facts& facts, const Profile* profile, const Counters& counters, const Policy& policy,
                WallTime now);

/// Whether `decide` accepts, of the same values, without the explanation, which costs more than the decision.
bool accepts(const Facts& facts, const Profile* profile, const Counters& counters, const Policy& policy, WallTime now);

/// The decision when the request's facts could not be read: declined, and why.
Decision decline_unreadable(const std::string& why, const Policy& policy);

/// The decision where the party itself declined the same order minutes ago.
Decision decline_again(const Policy& policy);

/// The decision after the journal found the cap reached, between deciding and keeping.
Decision decline_over_cap(Decision accepted);

/// One line per rule, as the console and `standin check --request` show it.
std::string explain(const Decision& decision);

}  // namespace standin
