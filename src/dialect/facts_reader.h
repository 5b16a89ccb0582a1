#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/facts.h"
#include "config/config.h"
#include "dialect/body.h"
#include "vault/vault.h"

namespace standin {

/// In bytes of UTF-8; longer values are an error rather than cut, for a cut reference could equal another's.
constexpr std::size_t fact_bytes_max = 200;

/// Reads the facts of `[stand_in.NAME]` from requests. Immutable; the vault must outlive it.
class FactsReader {
 public:
  static Result<FactsReader> make(const StandInConfig& config, const Vault& vault);

  /// An error names the fact and what is wrong with it, never its value.
  Result<Facts> read(Body& body) const;
  /// Of requests without a Content-Type.
  BodyKind body_kind() const { return kind_; }

 private:
  explicit FactsReader(const Vault& vault) : vault_(&vault) {}
  Result<void> add_fact(const std::string& fact, const std::string& selector);
  Result<void> check(const StandInConfig& config);
  Result<void> see(Body& body) const;
  Result<std::optional<FieldValue>> find(Body& body, const std::string& fact) const;
  Result<Currency> read_currency(Body& body) const;
  Result<std::optional<Money>> read_amount(Body& body) const;
  Result<std::string> read_text(Body& body, const std::string& fact) const;
  std::string without_account_number(std::string value) const;
  std::string card(const std::string& value) const;

  const Vault* vault_;
  std::map<std::string, Selector> selectors_;  ///< by fact
  std::vector<Selector> required_;
  AmountUnit unit_ = AmountUnit::minor;
  std::optional<Currency> default_currency_;
  BodyKind kind_ = BodyKind::json;
};

}  // namespace standin
