#include "risk/decide.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace standin {
namespace {

/// Spares the text its growing.
constexpr std::size_t usual_explanation_bytes = 300;

const Money* in_currency(const std::vector<Money>& amounts, const Currency& currency) {
  const auto found = std::ranges::find(amounts, currency, &Money::currency);
  return found == amounts.end() ? nullptr : &*found;
}

bool accepts_facts(const Facts& facts) { return facts.amount && facts.amount->minor >= 0; }

bool accepts_floor_limit(const Facts& facts, const Policy& policy) {
  const Money* const limit = facts.amount ? in_currency(policy.floor_limit, facts.amount->currency) : nullptr;
  return limit != nullptr && facts.amount->minor <= limit->minor;
}

/// Nothing if it cannot be counted.
std::optional<Money> exposure_with(const Money& amount, const Counters& counters) {
  const Money* const counted = in_currency(counters.exposure, amount.currency);
  Money sum{0, amount.currency};
  const std::int64_t already = counted == nullptr ? 0 : counted->minor;
  return __builtin_add_overflow(already, amount.minor, &sum.minor) ? std::nullopt : std::optional(sum);
}

bool accepts_exposure(const Facts& facts, const Counters& counters, const Policy& policy) {
  const Money* const total = facts.amount ? in_currency(policy.exposure_total, facts.amount->currency) : nullptr;
  const auto sum = total == nullptr ? std::nullopt : exposure_with(*facts.amount, counters);
  return sum && sum->minor <= total->minor;
}

Verdict judge_facts(const Facts& facts) {
  if (!facts.amount) return {"facts", false, "the request has no amount"};
  if (!accepts_facts(facts)) return {"facts", false, fmt::format("{} is negative", text(*facts.amount))};
  return {"facts", true, fmt::format("the amount is {}", text(*facts.amount))};
}

Verdict judge_floor_limit(const Facts& facts, const Policy& policy) {
  if (!facts.amount) return {"floor_limit", false, "there is no amount to compare"};
  const Money& amount = *facts.amount;
  const Money* limit = in_currency(policy.floor_limit, amount.currency);
  if (limit == nullptr) {
    return {"floor_limit", false, fmt::format("the policy has no floor limit in {}", amount.currency.code())};
  }
  const bool within = accepts_floor_limit(facts, policy);
  return {"floor_limit", within,
          fmt::format("{} is {} the floor limit of {}", text(amount), within ? "within" : "over", text(*limit))};
}

Verdict judge_exposure(const Facts& facts, const Counters& counters, const Policy& policy) {
  if (!facts.amount) return {"exposure", false, "there is no amount to add"};
  const Money& amount = *facts.amount;
  const Money* total = in_currency(policy.exposure_total, amount.currency);
  if (total == nullptr) {
    return {"exposure", false, fmt::format("the policy has no total exposure in {}", amount.currency.code())};
  }
  const Money* counted = in_currency(counters.exposure, amount.currency);
  const Money already = counted == nullptr ? Money{0, amount.currency} : *counted;
  const auto sum = exposure_with(amount, counters);
  if (!sum) return {"exposure", false, fmt::format("{} more than {} cannot be counted", text(amount), text(already))};
  const bool within = accepts_exposure(facts, counters, policy);
  return {"exposure", within,
          fmt::format("{} promised and {} more is {}, {} the total of {}", text(already), text(amount), text(*sum),
                      within ? "within" : "over", text(*total))};
}

}  // namespace

Decision decide(const Facts& facts, const Profile* /*profile*/, const Counters& counters, const Policy& policy,
                WallTime /*now*/) {
  Decision decision;
  decision.verdicts = {judge_facts(facts), judge_floor_limit(facts, policy), judge_exposure(facts, counters, policy)};
  decision.accept = std::ranges::all_of(decision.verdicts, &Verdict::accept);
  decision.policy_version = policy.version;
  return decision;
}

bool accepts(const Facts& facts, const Profile* /*profile*/, const Counters& counters, const Policy& policy,
             WallTime /*now*/) {
  return accepts_facts(facts) && accepts_floor_limit(facts, policy) && accepts_exposure(facts, counters, policy);
}

Decision decline_unreadable(const std::string& why, const Policy& policy) {
  return {.accept = false, .verdicts = {{"facts", false, why}}, .policy_version = policy.version};
}

Decision decline_again(const Policy& policy) {
  return {.accept = false,
          .verdicts = {{"party", false, "the upstream itself declined it minutes ago"}},
          .policy_version = policy.version};
}

Decision decline_over_cap(Decision accepted) {
  accepted.accept = false;
  const auto exposure = std::ranges::find(accepted.verdicts, "exposure", &Verdict::rule);
  const std::string why = "other orders took the rest of the total before this one was kept";
  if (exposure == accepted.verdicts.end()) {
    accepted.verdicts.push_back({"exposure", false, why});
  } else {
    *exposure = {"exposure", false, exposure->why + "; but " + why};
  }
  return accepted;
}

std::string explain(const Decision& decision) {
  std::string lines;
  lines.reserve(usual_explanation_bytes);
  for (const Verdict& verdict : decision.verdicts) {
    if (!lines.empty()) lines += '\n';
    lines.append(verdict.rule).append(verdict.accept ? ": accept: " : ": decline: ").append(verdict.why);
  }
  return lines;
}

}  // namespace standin
