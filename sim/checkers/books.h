#pragma once

#include <string>
#include <vector>

#include "sim/checkers/check.h"

namespace standin::sim {

/// One purchase with all that anybody wrote down about it.
struct Matter {
  const Purchase* purchase = nullptr;
  std::vector<const LedgerEntry*> charges;  ///< of all parties
  std::vector<const JournalEntry*> orders;  ///< without shadows
  std::vector<const Delivery*> deliveries;

  bool of_shop() const { return purchase->side == "shop"; }
  /// What the purchase's own side has standing; not what a copied request made, which is nobody's fault.
  std::vector<const LedgerEntry*> standing() const;
  std::int64_t standing_minor() const;
  /// How many times a person has it, or had it and decided.
  int cases() const;
  bool was_granted(const std::string& what) const;
  bool was_told(Told::Kind kind) const;
  /// For a person: who was told what and when, and what stands where.
  std::string story() const;
};

/// The evidence, sorted by purchase. It refers to the evidence, which must outlive it.
class Books {
 public:
  explicit Books(const Evidence& evidence);

  const Evidence& evidence() const { return evidence_; }
  const std::vector<Matter>& matters() const { return matters_; }
  const std::vector<const LedgerEntry*>& charges_of_nobody() const { return of_nobody_; }
  const JournalEntry* order(const std::string& id) const;
  const LedgerEntry* charge(const std::string& party, const std::string& reference) const;

 private:
  const Evidence& evidence_;
  std::vector<Matter> matters_;
  std::vector<const LedgerEntry*> of_nobody_;
  std::map<std::string, const JournalEntry*> orders_;
  std::map<std::pair<std::string, std::string>, const LedgerEntry*> charges_;
};

using Violations = std::vector<Violation>;

/// The customer pays for it.
bool stands(const LedgerEntry& charge);
std::int64_t standing_minor(const LedgerEntry& charge);
bool is_sale(const Told& told);
bool is_definite(const Told& told);
/// Nothing is under way any more, and nobody waits for it.
bool is_at_end(const JournalEntry& order);
/// The same object's names differ by these alone: "pi_standin01...", "ch_standin01...".
std::string_view without_prefix(std::string_view reference);
std::string seconds(std::int64_t ms);

// --- one promise each; docs/simulation.md says what each judges and what it leaves alone ---

Violations durable(const Books& books);       // P1
Violations charged_once(const Books& books);  // P2
Violations ends(const Books& books);          // P3
Violations exposure(const Books& books);      // P4
Violations same_answer(const Books& books);   // P5
Violations shape(const Books& books);         // P6
Violations kept_yes(const Books& books);      // P2, P3: told yes, it stands once and for the right amount
Violations told_no(const Books& books);       // P10
Violations money(const Books& books);
Violations leases(const Books& books);

/// The last definite answer is a no that nothing after it can have changed: nothing may stand.
const Told* last_word_no(const Matter& matter);
/// The shop's side keeps no journal of what passes, and remembers for ten minutes what the shop said or may have done.
/// What standin said later, it said in ignorance, and may have undone it.
bool memory_has_ended(const Matter& matter, std::int64_t by_ms);
/// Nor does it remember after a crash: then it may say no again, but undoes nothing.
bool may_have_forgotten(const Books& books, const Matter& matter, std::int64_t by_ms);

}  // namespace standin::sim
