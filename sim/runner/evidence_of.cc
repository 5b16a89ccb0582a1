#include "sim/runner/evidence_of.h"

#include <algorithm>
#include <initializer_list>
#include <map>

namespace standin::sim {
namespace {

constexpr std::size_t all = 1'000'000;

template <class T>
T readable(Result<T> read) {
  ensure(read.has_value(), read ? "" : read.error().what);
  return std::move(*read);
}

struct FollowUps {
  int open = 0, all = 0, closed = 0;
};

std::map<Ulid, FollowUps> follow_ups_of(Journal& journal) {
  std::map<Ulid, FollowUps> counts;
  for (const FollowUpRow& row : readable(journal.follow_ups(false))) {
    ++counts[row.order].all;
    ++(row.state == "closed" ? counts[row.order].closed : counts[row.order].open);
  }
  return counts;
}

JournalEntry entry_of(const OrderRow& row, const FollowUps& follow_ups, const std::vector<TransitionRow>& transitions) {
  JournalEntry entry{.id = row.id.text(),
                     .route = row.route,
                     .state = std::string(name(row.state)),
                     .purchase = row.facts.reference,
                     .reference = row.reference,
                     .upstream = row.upstream,
                     .upstream_reference = row.upstream_reference,
                     .accepted = row.accepted,
                     .stood_in = row.stood_in,
                     .shadow = row.shadow,
                     .undelivered = row.undelivered,
                     .unresolved = row.unresolved,
                     .answered = row.answered,
                     .about_another = row.behind.has_value(),
                     .open_follow_ups = follow_ups.open,
                     .follow_ups = follow_ups.all,
                     .closed_by_person = follow_ups.closed};
  if (row.behind) entry.behind = row.behind->text();
  if (row.facts.amount) {
    entry.amount_minor = row.facts.amount->minor;
    entry.currency = row.facts.amount->currency.code();
  }
  for (const TransitionRow& transition : transitions) entry.states.emplace_back(name(transition.to));
  return entry;
}

/// What is behind a charge names no purchase of its own.
void name_what_is_behind(std::vector<JournalEntry>& entries) {
  std::map<std::string, std::string> purchases;
  for (const JournalEntry& entry : entries) purchases[entry.id] = entry.purchase;
  for (JournalEntry& entry : entries) {
    if (!entry.behind.empty()) entry.purchase = purchases[entry.behind];
  }
}

}  // namespace

std::vector<JournalEntry> entries_of(Journal& journal) {
  const auto follow_ups = follow_ups_of(journal);
  std::vector<JournalEntry> entries;
  for (const OrderRow& row : readable(journal.orders({.include_shadow = true, .include_live = true, .limit = all}))) {
    const auto of_order = follow_ups.find(row.id);
    entries.push_back(entry_of(row, of_order == follow_ups.end() ? FollowUps{} : of_order->second,
                               readable(journal.transitions(row.id))));
  }
  name_what_is_behind(entries);
  return entries;
}

std::vector<std::string> references_in(Journal& journal) {
  std::vector<std::string> references;
  for (const OrderRow& row : readable(journal.orders({.include_live = true, .limit = all}))) {
    references.push_back(row.reference);
  }
  return references;
}

ExposureSample exposure_of(Journal& journal, std::int64_t at_ms, std::int64_t cap_minor) {
  ExposureSample sample{.at_ms = at_ms, .currency = "USD", .sum_minor = 0, .cap_minor = cap_minor};
  using enum State;
  for (const State state : {accepted, replaying, refused, held, cancelling}) {
    for (const OrderRow& row : readable(journal.orders({.state = state, .limit = all}))) {
      // One that was delivered, and is being voided now, is owed no more.
      const bool owed = row.stood_in && row.accepted && !row.behind && row.facts.amount;
      const bool delivered = state == cancelling && !row.upstream_reference.empty();
      if (owed && !delivered) sample.sum_minor += row.facts.amount->minor;
    }
  }
  return sample;
}

bool is_drained(Journal& journal) {
  using enum State;
  const auto open = follow_ups_of(journal);
  const auto has_case = [&](const Ulid& id) {
    const auto of_order = open.find(id);
    return of_order != open.end() && of_order->second.open > 0;
  };
  // What is behind a charge that a person has waits for that person too.
  const auto with_person = [&](const OrderRow& row) {
    return has_case(row.id) || (row.behind && has_case(*row.behind));
  };
  for (const State state : {accepted, replaying, cancelling, reversing, charging, held}) {
    const auto rows = readable(journal.orders({.state = state, .include_live = true, .limit = all}));
    if (!std::ranges::all_of(rows, with_person)) return false;
  }
  return true;
}

}  // namespace standin::sim
