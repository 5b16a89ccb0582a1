#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/check.h"
#include "config/names.h"
#include "config/values.h"

namespace standin {
namespace {

const Money* in_currency(const std::vector<Money>& amounts, const Currency& currency) {
  const auto found = std::ranges::find(amounts, currency, &Money::currency);
  return found == amounts.end() ? nullptr : &*found;
}

/// Whether the JSON Pointer or form field `strip` takes away what `selector` reads.
bool removes(std::string_view strip, std::string_view selector) {
  return strip == selector || (strip.starts_with('/') && selector.starts_with(std::string(strip) + "/"));
}

class StandInCheck {
 public:
  StandInCheck(const Config& config, const StandInConfig& stand_in, const Node& node, Problems& problems)
      : config_(config), stand_in_(stand_in), node_(node), problems_(problems) {}

  void all() {
    currency();
    policy();
    stripped();
    answers();
  }

 private:
  void error(std::string_view key, const std::string& what) {
    problems_.error(node_.place_of(key), fmt::format("stand_in '{}': {}", stand_in_.name, what));
  }
  void warn(std::string_view key, const std::string& what) {
    problems_.warn(node_.place_of(key), fmt::format("stand_in '{}': {}", stand_in_.name, what));
  }

  void currency() {
    const bool says_itself = is_gateway(stand_in_.dialect);  // or its party does: check_gateways
    if (says_itself || !stand_in_.currency.empty() || stand_in_.facts.contains("currency")) return;
    error("facts", "the amounts have no currency: name the field in facts.currency, or give currency = \"USD\"");
  }

  void policy() {
    if (stand_in_.policy.empty()) return;
    const auto found = config_.policies.find(stand_in_.policy);
    if (found == config_.policies.end()) return unknown_policy();
    const auto own = Currency::parse(stand_in_.currency);
    if (!own) return;
    if (in_currency(found->second.exposure_total, *own) == nullptr) {
      error("currency", fmt::format("policy '{}' has no exposure.total in {}", stand_in_.policy, own->code()));
    }
    if (in_currency(found->second.floor_limit, *own) == nullptr) {
      warn("currency", fmt::format("policy '{}' has no floor_limit in {}: every order in it is declined",
                                   stand_in_.policy, own->code()));
    }
  }

  void unknown_policy() {
    std::vector<std::string> known;
    for (const auto& [name, policy] : config_.policies) known.push_back(name);
    const auto meant = nearest(stand_in_.policy, known);
    error("policy", fmt::format("there is no [policy.{}]{}", stand_in_.policy,
                                meant ? fmt::format("; did you mean '{}'?", *meant) : ""));
  }

  /// A card number may go: its fingerprint is taken first. What else decides has to be there for the replay.
  void stripped() {
    for (const std::string& strip : stand_in_.strip) {
      for (const auto& [fact, selector] : stand_in_.facts) {
        if (fact == "card" || !removes(strip, selector)) continue;
        error("strip", fmt::format("'{}' takes away '{}', which the {} is read from", strip, selector, fact));
      }
    }
  }

  void answers() {
    if (is_gateway(stand_in_.dialect)) return;  // which has no templates
    const auto& expected = stand_in_.expect.status;
    const int approve = stand_in_.approve.status;
    if (approve != 0 && !expected.empty() && std::ranges::find(expected, approve) == expected.end()) {
      warn("approve.status", fmt::format("approve answers {}, but the upstream's own success is expected to be {}: "
                                         "customers could tell them apart",
                                         approve, fmt::join(expected, " or ")));
    }
    if (stand_in_.unavailable.status != 0 && stand_in_.unavailable.status < 500) {
      warn("unavailable.status", fmt::format("unavailable answers {}: neither yes nor no is a status of 500 or more",
                                             stand_in_.unavailable.status));
    }
    if (stand_in_.expect.pointer.empty()) {
      warn("expect",
           "without expect.pointer the upstream's own name for an order is not learnt, and no late answer can be "
           "reversed by it");
    }
  }

  const Config& config_;
  const StandInConfig& stand_in_;
  const Node& node_;
  Problems& problems_;
};

void check_policy(const Policy& policy, const Node& node, Problems& problems) {
  const Node* total_node = node.find("exposure.total");
  if (total_node == nullptr) return;
  for (const Money& limit : policy.floor_limit) {
    const Money* total = in_currency(policy.exposure_total, limit.currency);
    if (total == nullptr) {
      problems.error(
          total_node->key_place,
          fmt::format("policy '{0}' has a floor limit in {1} and no exposure.total in {1}: what may be promised "
                      "has to be capped",
                      policy.name, limit.currency.code()));
    } else if (limit.minor > total->minor) {
      problems.warn(total_node->key_place, fmt::format("policy '{}': the floor limit of {} is over the total of {}",
                                                       policy.name, text(limit), text(*total)));
    }
  }
}

}  // namespace

void check_stand_ins(const Config& config, const Node& root, Problems& problems) {
  for (const Node* node : tables_in(root, "stand_in")) {
    const auto found = config.stand_ins.find(node->key);
    if (found == config.stand_ins.end()) continue;
    StandInCheck(config, found->second, *node, problems).all();
    if (std::ranges::find(config.routes, node->key, &RouteConfig::stand_in) == config.routes.end()) {
      problems.warn(node->key_place, fmt::format("no route uses stand_in '{}'", node->key));
    }
  }
  for (const Node* node : tables_in(root, "route")) {
    const Node* in_place = node->find("stand_in");
    const Node* name = node->find("name");
    if (in_place == nullptr || in_place->type != Node::Type::table || name == nullptr) continue;
    const auto found = config.stand_ins.find(name->text);
    if (found != config.stand_ins.end() && is_gateway(found->second.dialect)) {
      StandInCheck(config, found->second, *in_place, problems).all();
    }
  }
  for (const Node* node : tables_in(root, "policy")) {
    const auto found = config.policies.find(node->key);
    if (found != config.policies.end()) check_policy(found->second, *node, problems);
  }
}

}  // namespace standin
