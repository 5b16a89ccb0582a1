#include "replay/similar.h"

#include <algorithm>
#include <string_view>

#include "base/planted.h"
#include "base/result.h"

namespace standin {
namespace {

enum class Compared { same, differs, unknown };

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// How many digits both begin with, as far as both show any; nothing if one differs.
std::optional<std::size_t> common_digits(std::string_view a, std::string_view b) {
  std::size_t count = 0;
  while (count < std::min(a.size(), b.size()) && is_digit(a[count]) && is_digit(b[count])) {
    if (a[count] != b[count]) return std::nullopt;
    ++count;
  }
  return count;
}

/// Masks differ in length and in how many leading digits they leave: only what both show at either end counts, and no
/// card is known by less than its last four.
Compared compare_cards(std::string_view a, std::string_view b) {
  constexpr std::size_t telling = 4;
  const auto leading = common_digits(a, b);
  const std::string a_reversed(a.rbegin(), a.rend());
  const std::string b_reversed(b.rbegin(), b.rend());
  const auto trailing = common_digits(a_reversed, b_reversed);
  if (!leading || !trailing) return Compared::differs;
  return *trailing >= telling ? Compared::same : Compared::unknown;
}

Compared compare_names(std::string_view wanted, std::string_view listed) {
  if (wanted.empty() || listed.empty()) return Compared::unknown;
  return wanted == listed ? Compared::same : Compared::differs;
}

bool is_one_of(Compared value, Compared a, Compared b) { return a == value || b == value; }

/// It names something where our request named nothing.
bool is_named_otherwise(const Listed& wanted, const Listed& listed) {
  return (wanted.reference.empty() && !listed.reference.empty()) || (wanted.invoice.empty() && !listed.invoice.empty());
}

std::vector<const Listed*> of(const std::vector<const Listed*>& all, bool standing) {
  std::vector<const Listed*> some;
  std::ranges::copy_if(all, std::back_inserter(some), [&](const Listed* each) { return each->standing == standing; });
  return some;
}

Sighting sighted(const Listed& wanted, const Listed& one) {
  Sighting sighting{
      .found = {.kind = Found::Kind::one, .upstream_reference = one.upstream_reference, .standing = one.standing}};
  const bool less = one.amount.currency == wanted.amount.currency && one.amount.minor < wanted.amount.minor;
  if (one.standing && less) sighting.part = one.amount;
  return sighting;
}

Sighting several() { return {.found = {.kind = Found::Kind::several}}; }

}  // namespace

SearchWindow window_of(const std::vector<SentSpan>& sent, const Lead& lead) {
  using std::chrono::milliseconds;
  ensure(!sent.empty(), "what was never sent is not looked for");
  SearchWindow window{WallTime::max(), WallTime::min()};
  for (const SentSpan& each : sent) {
    const Lead& ahead = each.lead ? *each.lead : lead;
    window.from = std::min(window.from, each.from + std::chrono::floor<milliseconds>(ahead.least));
    window.to = std::max(window.to, each.to + std::chrono::ceil<milliseconds>(ahead.most));
  }
  return window;
}

Likeness likeness(const Listed& wanted, const Listed& listed, const SearchWindow& window) {
  const Compared key = compare_names(wanted.own_key, listed.own_key);
  if (key == Compared::same) return Likeness::own;
  if (planted(Bug::finder_ignores_card))
    return wanted.amount == listed.amount && window.holds(listed.created) ? Likeness::named : Likeness::none;
  const Compared reference = compare_names(wanted.reference, listed.reference);
  const Compared invoice = compare_names(wanted.invoice, listed.invoice);
  const Compared card = compare_cards(wanted.card, listed.card);
  for (const Compared each : {key, reference, invoice, card}) {
    if (each == Compared::differs) return Likeness::none;
  }
  if (!window.holds(listed.created)) return Likeness::none;
  const bool named = is_one_of(Compared::same, reference, invoice);
  if (wanted.amount != listed.amount) return named ? Likeness::doubtful : Likeness::none;
  if (named) return Likeness::named;
  // Holding such a one back costs a person a look; sending ours again could charge twice.
  if (card == Compared::unknown || is_named_otherwise(wanted, listed)) return Likeness::doubtful;
  return Likeness::similar;
}

Sighting find_similar(const Listed& wanted, const std::vector<Listed>& listed, const SearchWindow& window,
                      const std::function<bool(const std::string&)>& is_taken) {
  std::vector<const Listed*> own, named, others;
  for (const Listed& each : listed) {
    const Likeness like = likeness(wanted, each, window);
    if (like == Likeness::none || is_taken(each.upstream_reference)) continue;
    (like == Likeness::own ? own : like == Likeness::named ? named : others).push_back(&each);
  }
  for (const auto* const group : {&own, &named}) {
    const auto standing = of(*group, true);
    if (standing.size() > 1) return several();
    if (standing.size() == 1) return sighted(wanted, *standing.front());
    if (group == &own && !own.empty()) return sighted(wanted, *own.front());
  }
  const auto standing = of(others, true);
  if (standing.size() > 1) return several();
  if (standing.size() == 1) {
    const bool clear = likeness(wanted, *standing.front(), window) == Likeness::similar;
    return clear ? sighted(wanted, *standing.front()) : several();
  }
  if (!named.empty()) return sighted(wanted, *named.front());
  return {.found = {.kind = Found::Kind::none}};
}

}  // namespace standin
