#include "dialect/facts_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "dialect/plain_text.h"

namespace standin {
namespace {

const std::vector<std::string>& known_facts() {
  static const std::vector<std::string> names{"amount", "currency",  "merchant", "customer",
                                              "card",   "reference", "country"};
  return names;
}

std::unexpected<Error> wrong(const std::string& fact, const Selector& selector, std::string_view what) {
  return failure(fmt::format("the fact {} at {}: {}", fact, selector.text(), what), selector.text());
}

std::unexpected<Error> unreadable(const Error& error) { return failure("the body " + error.what, "body"); }

/// Digits as JSON writes an integer.
bool is_integer(std::string_view number) {
  return number.find_first_not_of("0123456789", number.starts_with('-') ? 1 : 0) == std::string_view::npos;
}

std::optional<std::string> flaw(const FieldValue& value) {
  if (value.kind != JsonKind::string && value.kind != JsonKind::number) return "is neither text nor a number";
  if (value.kind == JsonKind::number && !is_integer(value.text)) return "is a number, but not an integer";
  if (value.text.size() > fact_bytes_max) return fmt::format("is longer than {} bytes", fact_bytes_max);
  if (has_controls(value.text)) return "has control characters";
  return std::nullopt;
}

}  // namespace

Result<FactsReader> FactsReader::make(const StandInConfig& config, const Vault& vault) {
  FactsReader reader(vault);
  for (const auto& [fact, selector] : config.facts) {
    if (auto added = reader.add_fact(fact, selector); !added) return std::unexpected(added.error());
  }
  for (const std::string& text : config.require) {
    auto selector = Selector::parse(text);
    if (!selector) return failure("require: " + selector.error().what, text);
    reader.required_.push_back(std::move(*selector));
  }
  if (auto checked = reader.check(config); !checked) return std::unexpected(checked.error());
  return reader;
}

Result<void> FactsReader::add_fact(const std::string& fact, const std::string& text) {
  if (std::ranges::find(known_facts(), fact) == known_facts().end()) {
    const auto meant = nearest(fact, known_facts());
    const std::string hint =
        meant ? fmt::format("did you mean {}?", *meant) : fmt::format("known are {}", fmt::join(known_facts(), ", "));
    return failure(fmt::format("facts: there is no fact {}; {}", fact, hint), fact);
  }
  auto selector = Selector::parse(text);
  if (!selector) return failure(fmt::format("facts: {}: {}", fact, selector.error().what), text);
  selectors_.emplace(fact, std::move(*selector));
  return {};
}

Result<void> FactsReader::check(const StandInConfig& config) {
  const Selector* json = nullptr;
  const Selector* form = nullptr;
  const auto note = [&](const Selector& selector) { (selector.pointer() ? json : form) = &selector; };
  for (const auto& [fact, selector] : selectors_) note(selector);
  for (const Selector& selector : required_) note(selector);
  if (json && form) {
    return failure(fmt::format("facts: {} is a JSON Pointer and {} a form field, but one body is either JSON or a form",
                               json->text(), form->text()));
  }
  kind_ = form ? BodyKind::form : BodyKind::json;
  if (!config.currency.empty()) {
    default_currency_ = Currency::parse(config.currency);
    if (!default_currency_) return failure(fmt::format("currency: {} is not an ISO 4217 code", config.currency));
  }
  if (!selectors_.contains("amount")) return {};
  if (!config.amount_unit) return failure("amount_unit must say \"minor\" or \"decimal\"");
  if (!default_currency_ && !selectors_.contains("currency")) {
    return failure("facts: amounts have no currency: name the fact currency, or set currency for all of them");
  }
  unit_ = *config.amount_unit;
  return {};
}

Result<Facts> FactsReader::read(Body& body) const {
  if (auto seen = see(body); !seen) return std::unexpected(seen.error());
  Facts facts;
  auto amount = read_amount(body);
  if (!amount) return std::unexpected(amount.error());
  facts.amount = *amount;
  const std::array fields{std::pair("merchant", &Facts::merchant), std::pair("customer", &Facts::customer),
                          std::pair("card", &Facts::card), std::pair("reference", &Facts::reference),
                          std::pair("country", &Facts::country)};
  for (const auto& [fact, field] : fields) {
    auto value = read_text(body, fact);
    if (!value) return std::unexpected(value.error());
    facts.*field = field == &Facts::card ? card(*value) : without_account_number(std::move(*value));
  }
  return facts;
}

/// The sniff test.
Result<void> FactsReader::see(Body& body) const {
  for (const Selector& selector : required_) {
    const auto value = body.find(selector);
    if (!value) return unreadable(value.error());
    if (!*value || (*value)->kind == JsonKind::null) {
      return failure(fmt::format("{} is required and missing", selector.text()), selector.text());
    }
  }
  return {};
}

/// Nothing if it is not configured, missing or null.
Result<std::optional<FieldValue>> FactsReader::find(Body& body, const std::string& fact) const {
  const auto selector = selectors_.find(fact);
  if (selector == selectors_.end()) return std::nullopt;
  auto value = body.find(selector->second);
  if (!value) return unreadable(value.error());
  if (*value && (*value)->kind == JsonKind::null) return std::nullopt;
  return value;
}

Result<Currency> FactsReader::read_currency(Body& body) const {
  const auto value = find(body, "currency");
  if (!value) return std::unexpected(value.error());
  if (!*value) {
    if (default_currency_) return *default_currency_;
    return wrong("currency", selectors_.at("currency"), "is missing");
  }
  if ((*value)->kind != JsonKind::string) return wrong("currency", selectors_.at("currency"), "is not text");
  const auto currency = Currency::parse((*value)->text);
  if (!currency) return wrong("currency", selectors_.at("currency"), "is not an ISO 4217 code");
  return *currency;
}

Result<std::optional<Money>> FactsReader::read_amount(Body& body) const {
  const auto selector = selectors_.find("amount");
  if (selector == selectors_.end()) return std::nullopt;
  const auto value = find(body, "amount");
  if (!value) return std::unexpected(value.error());
  if (!*value) return wrong("amount", selector->second, "is missing");
  if ((*value)->kind != JsonKind::number && (*value)->kind != JsonKind::string) {
    return wrong("amount", selector->second, "is neither a number nor text");
  }
  const auto currency = read_currency(body);
  if (!currency) return std::unexpected(currency.error());
  const auto money = unit_ == AmountUnit::minor ? money_from_minor((*value)->text, *currency)
                                                : money_from_decimal((*value)->text, *currency);
  if (!money) return wrong("amount", selector->second, money.error().what);
  return *money;
}

Result<std::string> FactsReader::read_text(Body& body, const std::string& fact) const {
  auto value = find(body, fact);
  if (!value) return std::unexpected(value.error());
  if (!*value) return std::string();
  if (const auto what = flaw(**value)) return wrong(fact, selectors_.at(fact), *what);
  return std::move((*value)->text);
}

std::string FactsReader::without_account_number(std::string value) const {
  const auto digits = account_number(value);
  return digits ? vault_->fingerprint(*digits) : value;
}

/// One account number has one fingerprint, however it was spaced.
std::string FactsReader::card(const std::string& value) const {
  return value.empty() ? std::string() : vault_->fingerprint(account_number(value).value_or(value));
}

}  // namespace standin
