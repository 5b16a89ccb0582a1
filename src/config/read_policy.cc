#include <fmt/format.h>

#include <algorithm>

#include "config/sections.h"
#include "config/text_hash.h"

namespace standin {
namespace {

void read_floor_limit(const Node& table, Policy& policy, Problems& problems) {
  const Node* limits = table.find("floor_limit");
  if (limits == nullptr || limits->type != Node::Type::table) return;
  if (limits->items.empty()) {
    problems.error(limits->key_place,
                   "'floor_limit' is empty, so that every order would be declined: write { USD = \"25.00\" }");
  }
  for (const Node& limit : limits->items) {
    const auto currency = Currency::parse(limit.key);
    if (!currency) continue;
    const auto amount = money_from_decimal(limit.text, *currency);
    if (!amount) continue;
    if (std::ranges::find(policy.floor_limit, *currency, &Money::currency) != policy.floor_limit.end()) {
      problems.error(limit.key_place, fmt::format("'floor_limit' says {} twice", currency->code()));
    }
    policy.floor_limit.push_back(*amount);
  }
}

void add_total(const Node& node, Policy& policy, Problems& problems) {
  const auto amount = parse_money(node.text);
  if (!amount) return;
  if (std::ranges::find(policy.exposure_total, amount->currency, &Money::currency) != policy.exposure_total.end()) {
    problems.error(node.value_place, fmt::format("'exposure.total' says {} twice", amount->currency.code()));
  }
  policy.exposure_total.push_back(*amount);
}

void read_exposure(const Node& table, Policy& policy, Problems& problems) {
  const Node* total = table.find("exposure.total");
  if (total == nullptr) return;
  if (total->type != Node::Type::list) return add_total(*total, policy, problems);
  for (const Node& amount : total->items) add_total(amount, policy, problems);
}

/// Of the values alone, in an order that the file does not decide.
std::string version(const Policy& policy) {
  std::vector<std::string> values;
  for (const Money& limit : policy.floor_limit) values.push_back("floor_limit " + text(limit));
  for (const Money& total : policy.exposure_total) values.push_back("exposure.total " + text(total));
  std::ranges::sort(values);
  return version_of(fmt::format("{}", fmt::join(values, "\n")));
}

}  // namespace

Policy read_policy(const Node& table, Problems& problems) {
  Policy policy;
  policy.name = table.key;
  read_floor_limit(table, policy, problems);
  read_exposure(table, policy, problems);
  policy.version = version(policy);
  return policy;
}

}  // namespace standin
