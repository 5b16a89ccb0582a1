#include "replay/search.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "replay/quest_index.h"
#include "telemetry/log.h"

namespace standin {

struct ListingSearch::Waiting {
  explicit Waiting(Quest wanted) : quest(std::move(wanted)) {}
  Quest quest;
  SearchWindow window;
  std::vector<Listed> similar;
  OneShot<Sought> end;
};

/// One reading of one account's listing. It holds on to what it began with, whatever a reload brings.
struct ListingSearch::Pass {
  SecretText account;
  Queue quests;
  QuestIndex index;
  std::shared_ptr<Party> party;
  std::shared_ptr<const PartyQueries> queries;
  WallTime since{};
  Lead lead;            ///< as far as it is reckoned with
  SearchWindow span{};  ///< of all quests
  std::string cursor;
  bool ended = false;
  Sought failed;  ///< why a page could not be read
};

namespace {

using namespace std::chrono_literals;

/// The first order of an account waits so long for others to share its pass.
constexpr Duration gather = 200ms;
/// Passes at once, each for another account: a search is not to crowd out charges.
constexpr std::size_t passes_at_once = 4;
/// A listing that has not ended by then never will.
constexpr unsigned pages_max = 20'000;
/// A pass begins again when the clocks turn out further apart than it assumed; a party whose clock jumps fails it.
constexpr int begins_max = 3;
/// Until the party has answered anything, its clock is taken for ours, give or take this.
constexpr Lead unmeasured{-1s, 1s};
/// Orders answered in one go: the loop has health checks to do, too.
constexpr std::size_t answered_at_once = 64;
/// A stop is noticed within this.
constexpr Duration look_for_stop = 1s;
constexpr int too_many_requests = 429;

Judged judge_page(const Response& response) {
  if (response.status < 500) return {Outcome::approved, Cause::untrustworthy};
  return {Outcome::unknown, Cause::server_error};
}

bool equal(const std::vector<SearchLimit>& a, const std::vector<SearchLimit>& b) {
  return std::ranges::equal(
      a, b, [](const SearchLimit& x, const SearchLimit& y) { return x.count == y.count && x.per == y.per; });
}

/// Paging by offset shows a charge twice when others arrive meanwhile.
void add_once(std::vector<Listed>& similar, const Listed& charge) {
  const bool known = std::ranges::any_of(
      similar, [&](const Listed& each) { return each.upstream_reference == charge.upstream_reference; });
  if (!known) similar.push_back(charge);
}

/// Each is as wide as the doubt about one clock: two of the same clock overlap.
bool reckons_with(const Lead& reckoned, const Lead& heard) {
  const Duration doubt = heard.most - heard.least;
  return heard.least >= reckoned.least - doubt && heard.most <= reckoned.most + doubt;
}

Sought unread(bool asked, std::string why) { return {.asked = asked, .why = std::move(why)}; }

}  // namespace

ListingSearch::ListingSearch(Clock& clock, Random& random, Executor executor)
    : clock_(clock),
      random_(random),
      executor_(std::move(executor)),
      passes_(std::make_shared<Turnstile>(passes_at_once)) {}

void ListingSearch::use(std::shared_ptr<Party> party, std::shared_ptr<const PartyQueries> queries) {
  const auto& finder = party->config().finder;
  const std::vector<SearchLimit> limits = finder ? finder->searches : std::vector<SearchLimit>();
  if (!equal(limits, limits_)) {
    limits_ = limits;
    budget_ = SearchBudget(limits, clock_.now());
  }
  party_ = std::move(party);
  queries_ = std::move(queries);
}

Task<Sought> ListingSearch::look(Quest quest) {
  const SecretText account = quest.account;
  const auto waiting = std::make_shared<Waiting>(std::move(quest));
  const auto [entry, first] = waiting_.try_emplace(account);
  entry->second.push_back(waiting);
  if (first) spawn(executor_, serve(shared_from_this(), account));
  co_return co_await waiting->end.wait();
}

Task<> ListingSearch::serve(std::shared_ptr<ListingSearch> self, SecretText account) {
  while (true) {
    co_await clock_.sleep_for(gather);
    co_await passes_->enter();
    const Entered entered(passes_);
    const bool allowed = co_await within_budget();
    Pass pass{.account = account, .quests = std::move(waiting_.at(account)), .party = party_, .queries = queries_};
    waiting_.at(account).clear();
    Sought sought = unread(false, "standin is stopping");
    if (allowed) sought = co_await read(pass);
    if (!sought.read) Log::warn("search_failed", pass.party->config().name + ": " + sought.why);
    for (std::size_t i = 0; i < pass.quests.size(); ++i) {
      Sought own = sought;
      own.window = pass.quests[i]->window;
      own.similar = std::move(pass.quests[i]->similar);
      pass.quests[i]->end.set(std::move(own));
      if (i % answered_at_once == answered_at_once - 1) co_await clock_.sleep_for(Duration(0));
    }
    if (!waiting_.at(account).empty()) continue;
    waiting_.erase(account);
    co_return;
  }
}

/// The first page's place in the budget is taken already.
Task<Sought> ListingSearch::read(Pass& pass) {
  for (std::size_t i = 0; i < pass.quests.size(); ++i) pass.index.add(pass.quests[i]->quest.wanted, i);
  pass.since = clock_.wall();
  int begins = 0;
  for (unsigned page = 0; page < pages_max; ++page) {
    const Lead lead = pass.party->lead().value_or(unmeasured);
    if (page == 0 || !reckons_with(pass.lead, lead)) {
      if (++begins > begins_max) co_return unread(true, "the party's clock jumps");
      begin(pass, lead);
    }
    const bool good = co_await read_page(pass);
    if (!good) co_return pass.failed;
    const bool wide_enough = reckons_with(pass.lead, pass.party->lead().value_or(unmeasured));
    if (pass.ended && wide_enough) co_return Sought{.read = true, .since = pass.since};
    const bool allowed = co_await within_budget();
    if (!allowed) co_return unread(false, "standin is stopping");
  }
  co_return unread(true, "the listing has no end");
}

void ListingSearch::begin(Pass& pass, const Lead& lead) {
  pass.lead = lead;
  pass.cursor.clear();
  pass.span = {WallTime::max(), WallTime::min()};
  for (const auto& waiting : pass.quests) {
    waiting->similar.clear();
    waiting->window = window_of(waiting->quest.sent, lead);
    pass.span.from = std::min(pass.span.from, waiting->window.from);
    pass.span.to = std::max(pass.span.to, waiting->window.to);
  }
}

Task<bool> ListingSearch::read_page(Pass& pass) {
  const ListQuery query{.account = pass.account,
                        .from = pass.span.from,
                        .to = pass.span.to,
                        .cursor = pass.cursor,
                        .nonce = fmt::format("{:016x}", random_.next())};
  const Instant answer_by = clock_.now() + pass.party->config().timeouts.response;
  const Forwarded forwarded = co_await pass.party->deliver(pass.queries->list_request(query), judge_page,
                                                           {answer_by, answer_by}, {.purpose = Purpose::replay});
  if (!forwarded.response) {
    const bool sent = forwarded.outcome != Outcome::not_done;
    pass.failed = unread(sent, sent ? "the search gave no answer" : "the search could not be sent");
    co_return false;
  }
  if (forwarded.response->status == too_many_requests) {
    budget_.exhaust(clock_.now());
    pass.failed = unread(false, "the party allows no more searches for now");
    co_return false;
  }
  const auto page = pass.queries->read_list(*forwarded.response);
  if (!page) {
    pass.failed = unread(true, fmt::format("the search was answered with status {} and no listing: {}",
                                           forwarded.response->status, page.error().what));
    co_return false;
  }
  for (const Listed& charge : page->charges) {
    for (const std::size_t i : pass.index.candidates(charge)) {
      Waiting& waiting = *pass.quests[i];
      if (likeness(waiting.quest.wanted, charge, waiting.window) != Likeness::none) add_once(waiting.similar, charge);
    }
  }
  const bool stuck = !page->next.empty() && page->next == pass.cursor;
  const bool older = !page->charges.empty() && page->charges.back().created < pass.span.from;
  if (stuck) pass.failed = unread(true, "the listing does not go on");
  pass.ended = page->next.empty() || older;
  pass.cursor = page->next;
  co_return !stuck;
}

Task<bool> ListingSearch::within_budget() {
  while (!stopping_) {
    const Instant now = clock_.now();
    const Instant when = budget_.next(now);
    if (when <= now) {
      budget_.spend(now);
      co_return true;
    }
    co_await clock_.sleep_until(std::min(when, now + look_for_stop));
  }
  co_return false;
}

}  // namespace standin
