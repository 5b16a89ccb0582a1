#include "replay/next_step.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "replay/finding.h"
#include "replay/replay_test_support.h"

namespace standin {
namespace {

using namespace std::chrono_literals;

struct Known {
  Known() {
    party.finder = FinderConfig{.max_processing = 600s, .index_lag = 30s};
    party.reversal = ReversalConfig{};
  }
  OrderKnown known() const {
    return {order, attempts, party, repeat_is_recognised, charge ? &*charge : nullptr, earlier_waits};
  }
  Step::Kind step(Duration later = 1min) const {
    return next_step(known(), noon + std::chrono::ceil<std::chrono::milliseconds>(later)).kind;
  }
  void tried(const std::string& kind, int times, Outcome outcome = Outcome::unknown, const std::string& detail = {}) {
    for (int i = 0; i < times; ++i) {
      attempts.push_back({.kind = kind, .started = noon, .outcome = outcome, .detail = detail});
    }
  }

  OrderRow order{.accepted = true, .created = noon, .answered = true};
  std::vector<Attempt> attempts;
  UpstreamConfig party;
  bool repeat_is_recognised = true;
  std::optional<OrderRow> charge;
  bool earlier_waits = false;
};

TEST(NextStep, WhatWasNeverSentIsReplayed) { EXPECT_EQ(Known().step(), Step::Kind::replay); }

TEST(NextStep, WhatMayHaveHappenedIsLookedForFirst) {
  Known k;
  k.order.unresolved = true;
  EXPECT_EQ(k.step(), Step::Kind::find);
  k.party.finder.reset();
  EXPECT_EQ(k.step(), Step::Kind::ask_person);
}

TEST(NextStep, InsideTheWindowOfAPartyThatFoldsTheRepeatIsTheQuestion) {
  Known k;
  k.order.unresolved = true;
  k.party.duplicates = Duplicates::folded;
  k.party.duplicates_window = 10min;
  EXPECT_EQ(k.step(9min), Step::Kind::replay);
  EXPECT_EQ(k.step(10min), Step::Kind::find);
}

TEST(NextStep, ARequestThatForbidsFoldingIsNeverRepeatedOnAGuess) {
  Known k;
  k.order.unresolved = true;
  k.party.duplicates = Duplicates::folded;
  k.repeat_is_recognised = false;
  EXPECT_EQ(k.step(), Step::Kind::find);
}

TEST(NextStep, AnIntentIsLookedForAndNeverSent) {
  Known k;
  k.order = {.state = State::charging, .created = noon, .unresolved = true, .answered = false};
  k.party.duplicates = Duplicates::keyed;
  EXPECT_EQ(k.step(), Step::Kind::find);
  k.order.state = State::held;
  EXPECT_EQ(k.step(), Step::Kind::find) << "also when a person asks for it to be replayed";
  k.party.finder.reset();
  EXPECT_EQ(k.step(), Step::Kind::wait_for_retry) << "a repeat is the question, and its client may yet ask it";
  k.order.created = noon - std::chrono::ceil<std::chrono::milliseconds>(limits::intent_waits_for_retry);
  EXPECT_EQ(k.step(), Step::Kind::ask_person);
  k.order.created = noon;
  k.party.duplicates = Duplicates::none;
  EXPECT_EQ(k.step(), Step::Kind::ask_person);
  k.order.unresolved = false;
  EXPECT_EQ(k.step(), Step::Kind::nothing_stands);
}

TEST(NextStep, AfterManyUnansweredTriesAPersonIsAsked) {
  Known k;
  k.order.unresolved = true;
  k.tried("finder", limits::replay_attempts_before_person - 1);
  EXPECT_EQ(k.step(), Step::Kind::find);
  k.tried("finder", 1);
  EXPECT_EQ(k.step(), Step::Kind::ask_person);
}

TEST(NextStep, TriesThatNeverLeftDoNotCount) {
  Known k;
  k.order.unresolved = true;
  k.tried("finder", 1000, Outcome::unknown, not_asked("no target's breaker lets it through"));
  EXPECT_EQ(k.step(), Step::Kind::find);
}

TEST(NextStep, WhatStandsThoughWithdrawnIsReversed) {
  Known k;
  k.order.state = State::reversing;
  k.order.upstream_reference = "g1";
  EXPECT_EQ(k.step(), Step::Kind::reverse);
  k.party.reversal.reset();
  EXPECT_EQ(k.step(), Step::Kind::ask_person);
}

TEST(NextStep, AWithdrawnOrderThatMayStandIsNeverConcludedOnAGuess) {
  Known k;
  k.order.state = State::cancelling;
  k.order.unresolved = true;
  k.party.duplicates = Duplicates::keyed;
  EXPECT_EQ(k.step(), Step::Kind::find);
  k.order.unresolved = false;
  EXPECT_EQ(k.step(), Step::Kind::nothing_stands);
}

TEST(NextStep, AVoidIsLookedUpByThePartysReferenceAndWithoutOneTheChargeIsUndone) {
  Known k;
  k.order.state = State::cancelling;
  k.order.upstream_reference = "g1";
  k.tried("void", 1);
  EXPECT_EQ(k.step(), Step::Kind::find) << "and not undone once more";
  k.order.upstream_reference.clear();
  EXPECT_EQ(k.step(), Step::Kind::nothing_stands);
  k.order.unresolved = true;
  EXPECT_EQ(k.step(), Step::Kind::find) << "by what it was about";
}

TEST(NextStep, APersonIsToldThatItIsAVoidWhoseOutcomeIsNotKnown) {
  Known k;
  k.order.state = State::cancelling;
  k.order.upstream_reference = "g1";
  k.tried("void", 1);
  k.tried("finder", limits::replay_attempts_before_person - 1);
  const Step step = next_step(k.known(), noon);
  EXPECT_EQ(step.kind, Step::Kind::ask_person);
  EXPECT_NE(step.why.find("a void was asked for"), std::string::npos) << step.why;
}

struct ChargeCase {
  State state;
  Step::Kind kind;
};
class RefundOfACharge : public testing::TestWithParam<ChargeCase> {};
TEST_P(RefundOfACharge, That) {
  Known k;
  k.order.behind = Ulid{};
  k.charge = OrderRow{.upstream_reference = "g1", .state = GetParam().state};
  EXPECT_EQ(k.step(), GetParam().kind) << name(GetParam().state);
}
INSTANTIATE_TEST_SUITE_P(NextStep, RefundOfACharge,
                         testing::Values(ChargeCase{State::settled, Step::Kind::replay},
                                         ChargeCase{State::matched, Step::Kind::replay},
                                         ChargeCase{State::accepted, Step::Kind::wait_for_charge},
                                         ChargeCase{State::replaying, Step::Kind::wait_for_charge},
                                         ChargeCase{State::held, Step::Kind::wait_for_charge},
                                         ChargeCase{State::charging, Step::Kind::wait_for_charge},
                                         ChargeCase{State::cancelling, Step::Kind::wait_for_charge},
                                         ChargeCase{State::refused, Step::Kind::charge_came_to_nothing},
                                         ChargeCase{State::cancelled, Step::Kind::charge_came_to_nothing},
                                         ChargeCase{State::lapsed, Step::Kind::charge_came_to_nothing},
                                         ChargeCase{State::written_off, Step::Kind::charge_came_to_nothing}),
                         [](const auto& each) { return std::string(name(each.param.state)); });

TEST(NextStep, ARefundWaitsForTheCaptureBeforeIt) {
  Known k;
  k.order.behind = Ulid{};
  k.charge = OrderRow{.upstream_reference = "g1", .state = State::settled};
  k.earlier_waits = true;
  EXPECT_EQ(k.step(), Step::Kind::wait_for_charge);
}

TEST(NextStep, ARefundThatMayHaveHappenedIsNotLookedForAmongCharges) {
  Known k;
  k.order.behind = Ulid{};
  k.order.unresolved = true;
  k.charge = OrderRow{.upstream_reference = "g1", .state = State::settled};
  EXPECT_EQ(k.step(), Step::Kind::ask_person);
}

TEST(NextStep, ARefundThatMayHaveHappenedBeforeItsChargeWasVoidedIsAPersons) {
  Known k;
  k.order.behind = Ulid{};
  k.order.unresolved = true;
  k.charge = OrderRow{.upstream_reference = "g1", .state = State::cancelled};
  EXPECT_EQ(k.step(), Step::Kind::ask_person);
}

TEST(NextStep, ARefundOfWhatAPersonCollectedElsewhereIsAPersonsToo) {
  Known k;
  k.order.behind = Ulid{};
  k.charge = OrderRow{.state = State::collected};
  EXPECT_EQ(k.step(), Step::Kind::ask_person);
}

TEST(NoneCountsFrom, TheLongestProcessingAfterTheLastByteThatMayHaveLeft) {
  Known k;
  k.tried("live", 1);
  EXPECT_EQ(none_counts_from(k.known(), 15s), noon + 15s + 5s + 600s + 30s);
  k.attempts.push_back({.kind = "replay", .started = noon + 100s});
  EXPECT_EQ(none_counts_from(k.known(), 15s), noon + 100s + 15s + 5s + 600s + 30s);
}

TEST(NoneCountsFrom, OfWhatAnEarlierProcessSentSinceThisOneBegan) {
  Known k;
  k.order.earlier = Earlier{.opened = noon + 7s};
  k.tried("live", 1);
  k.attempts.front().earlier = k.order.earlier;
  EXPECT_EQ(none_counts_from(k.known(), 15s), noon + 7s + 5s + 600s + 30s) << "whatever its clock said";
  k.attempts.front().started = noon + 1h;
  EXPECT_EQ(none_counts_from(k.known(), 15s), noon + 7s + 5s + 600s + 30s);
}

TEST(WhenSent, IsWhereTheClockOfTheProcessThatSentItMayHaveBeen) {
  Known k;
  k.tried("live", 1);
  Attempt& sent = k.attempts.front();
  sent.lead = Lead{1h, 1h + 1s};
  const Lead now{-2s, 3s};
  const auto own = window_of(when_sent(k.known(), 15s), now);
  EXPECT_EQ(own.from, noon - 20s - 2s);
  EXPECT_EQ(own.to, noon + 15s + 5s + 600s + 20s + 3s);

  sent.earlier = Earlier{.opened = noon, .set_by = 1h};
  const auto set_ahead = window_of(when_sent(k.known(), 15s), now);
  EXPECT_EQ(set_ahead.from, own.from);
  EXPECT_EQ(set_ahead.to, own.to + 1h);
  sent.earlier->set_by = -1h;
  const auto set_back = window_of(when_sent(k.known(), 15s), now);
  EXPECT_EQ(set_back.from, own.from - 1h);
  EXPECT_EQ(set_back.to, own.to);

  sent.earlier->set_by.reset();
  const auto other_boot = window_of(when_sent(k.known(), 15s), now);
  EXPECT_EQ(other_boot.from, noon - 20s + 1h) << "by the party's clock then";
  EXPECT_EQ(other_boot.to, noon + 15s + 5s + 600s + 20s + 1h + 1s);
  EXPECT_TRUE(is_dated(k.attempts));
  sent.lead.reset();
  EXPECT_FALSE(is_dated(k.attempts));
}

TEST(WhenSent, OfEarlierRequestsOfItsKeyIsAnyTimeUntilTheOrderCame) {
  Known k;
  k.order.created = noon + 3min;
  k.tried("live", 1);
  const auto sent = when_sent(k.known(), 15s);
  ASSERT_EQ(sent.size(), 1u);
  const auto all = window_of(sent, Lead{});
  EXPECT_EQ(all.from, noon - 20s);
  EXPECT_EQ(all.to, noon + 3min + 15s + 5s + 600s + 20s);
}

TEST(NextStep, ThePartysWindowBeginsWithTheFirstRequestOfTheKey) {
  Known k;
  k.order.unresolved = true;
  k.order.created = noon + 3min;
  k.party.duplicates = Duplicates::folded;
  k.party.duplicates_window = 10min;
  EXPECT_EQ(k.step(11min), Step::Kind::replay);
  k.tried("live", 1);
  EXPECT_EQ(k.step(11min), Step::Kind::find);
  EXPECT_EQ(k.step(9min), Step::Kind::replay);
}

TEST(NextStep, ARepeatIsInsideTheWindowOnlyIfItIsByTheEarliestTimeThatTheOrderCanHaveCome) {
  Known k;
  k.order.unresolved = true;
  k.party.duplicates = Duplicates::folded;
  k.party.duplicates_window = 10min;
  EXPECT_EQ(k.step(-1min), Step::Kind::find) << "it has not come yet: the clock was set";
  k.order.earlier = Earlier{.opened = noon, .set_by = -8min};
  EXPECT_EQ(k.step(1min), Step::Kind::replay);
  EXPECT_EQ(k.step(3min), Step::Kind::find);
  k.order.earlier->set_by.reset();
  EXPECT_EQ(k.step(1min), Step::Kind::find) << "nobody knows, and the finder can tell";
  k.party.finder.reset();
  EXPECT_EQ(k.step(1min), Step::Kind::replay) << "the clocks contradict nothing, and nothing else can tell";
  EXPECT_EQ(k.step(-1min), Step::Kind::ask_person);
}

TEST(NextStep, ARepeatMustLeaveInsideTheWindow) {
  Known k;
  k.order.unresolved = true;
  k.party.duplicates = Duplicates::folded;
  k.party.duplicates_window = 10min;
  k.party.timeouts.response = 30s;
  EXPECT_EQ(k.step(9min + 29s), Step::Kind::replay);
  EXPECT_EQ(k.step(9min + 30s), Step::Kind::find);
}

TEST(Backoff, TriesThatNeverLeftWaitLess) {
  Known asked, unsent;
  asked.tried("finder", 20);
  unsent.tried("finder", 20, Outcome::unknown, not_asked("breaker"));
  EXPECT_EQ(backoff(asked.attempts, 0), limits::replay_backoff_max);
  EXPECT_EQ(backoff(unsent.attempts, 0), 1min);
}

Finding finding(Found::Kind kind, bool standing, bool certain, WallTime since) {
  return {.sighting = {.found = {.kind = kind, .upstream_reference = "g1", .standing = standing}, .certain = certain},
          .since = since};
}

TEST(Finding, NoneCountsOnlyOnceThePartyWouldShowIt) {
  const auto early = meaning_of(finding(Found::Kind::none, false, false, noon), true, noon + 1s);
  EXPECT_EQ(early.outcome, Outcome::unknown);
  EXPECT_EQ(early.again, noon + 1s);
  EXPECT_EQ(meaning_of(finding(Found::Kind::none, false, false, noon), true, noon).outcome, Outcome::not_done);
}

TEST(Finding, AFallenOneOfTheSameLooksProvesNothingWhileOursMayStillCome) {
  EXPECT_EQ(meaning_of(finding(Found::Kind::one, false, false, noon), false, noon + 1s).outcome, Outcome::unknown);
  EXPECT_EQ(meaning_of(finding(Found::Kind::one, false, true, noon), false, noon + 1s).outcome, Outcome::not_done);
}

TEST(Finding, WhatFellThoughPromisedIsAPersonsCase) {
  const auto fallen = meaning_of(finding(Found::Kind::one, false, true, noon), true, noon);
  EXPECT_EQ(fallen.outcome, Outcome::unknown);
  EXPECT_TRUE(fallen.follow_up);
}

TEST(Finding, ASpentBudgetIsNoTry) {
  const auto meaning = meaning_of({.asked = false, .why = "no more searches"}, true, noon);
  EXPECT_FALSE(was_asked({.detail = meaning.detail}));
  EXPECT_FALSE(meaning.follow_up);
}

TEST(Finding, NoneMeansNothingWhereNobodyKnowsWhenTheOrderWasSent) {
  Finding none = finding(Found::Kind::none, false, false, noon);
  none.dated = false;
  EXPECT_FALSE(meaning_of(none, true, noon + 1s).follow_up) << "too early to ask a person";
  const auto meaning = meaning_of(none, true, noon);
  EXPECT_EQ(meaning.outcome, Outcome::unknown);
  EXPECT_TRUE(meaning.follow_up);
  none.sighting.found.kind = Found::Kind::one;
  EXPECT_TRUE(meaning_of(none, false, noon).follow_up) << "it fell, and may be another's";
  none.sighting.found.standing = true;
  EXPECT_EQ(meaning_of(none, true, noon).outcome, Outcome::approved);
}

}  // namespace
}  // namespace standin
