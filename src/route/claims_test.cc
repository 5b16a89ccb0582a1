#include "route/claims.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <thread>

#include "base/test_folder.h"
#include "journal/sqlite_journal.h"
#include "net/asio_clock.h"

namespace standin {
namespace {

using namespace std::chrono_literals;

/// A journal in a folder of its own, with its writer thread.
class ClaimsTest : public testing::Test {
 protected:
  ClaimsTest() {
    auto opened = SqliteJournal::open({.path = folder_.file("journal.db"), .clock = &clock_});
    journal_ = std::move(opened.value());
    claims_ = std::make_unique<Claims>(*journal_, vault_, clock_.now());
  }

  Intent intent(const std::string& key, const std::string& payload = "payload") const {
    return {.key = vault_.order_key("", "orders", key), .payload = vault_.payload_digest(payload), .from_client = true};
  }

  boost::asio::io_context context_{1};
  AsioClock clock_{context_.get_executor()};
  Vault vault_ = Vault::ephemeral(system_random());
  TestFolder folder_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Claims> claims_;
};

TEST_F(ClaimsTest, ADoubtIsNotPushedOutByOtherOrdersAnswers) {
  Intent doubted = intent("k");
  doubted.repeatable = true;
  claims_->doubt(doubted, {.heard_by = clock_.now(), .sent_at = clock_.wall()}, clock_.now());
  Intent other = intent("other");
  other.repeatable = true;
  for (std::uint16_t i = 0; i < 60'000; ++i) {
    other.key.digest.bytes[0] = static_cast<std::uint8_t>(i >> 8);
    other.key.digest.bytes[1] = static_cast<std::uint8_t>(i);
    claims_->remember(other, Response{.status = 201}, {}, clock_.now());
  }
  EXPECT_TRUE(claims_->doubted(doubted, clock_.now()));
  EXPECT_FALSE(claims_->may_have_forgotten(doubted, clock_.now()));
}

TEST_F(ClaimsTest, OfTooManyDoubtsItIsKnownThatSomeAreForgotten) {
  Intent doubted = intent("k");
  doubted.repeatable = true;
  for (std::size_t i = 0; i <= limits::doubts; ++i) {
    doubted.payload.bytes[0] = static_cast<std::uint8_t>(i >> 8);
    doubted.payload.bytes[1] = static_cast<std::uint8_t>(i);
    claims_->doubt(doubted, {.heard_by = clock_.now(), .sent_at = clock_.wall()}, clock_.now());
  }
  EXPECT_TRUE(claims_->doubted(doubted, clock_.now())) << "the newest";
  EXPECT_TRUE(claims_->may_have_forgotten(doubted, clock_.now()));
  EXPECT_FALSE(claims_->may_have_forgotten(doubted, clock_.now() + limits::definite_answer_kept + 1s));
}

TEST_F(ClaimsTest, OfSeveralDoubtsTheFirstSendingAndTheLastHearingCount) {
  Intent doubted = intent("k");
  doubted.repeatable = true;
  const Instant now = clock_.now();
  claims_->doubt(doubted, {.heard_by = now + 2s, .sent_at = wall_time(1000)}, now);
  claims_->doubt(doubted, {.heard_by = now + 1s, .sent_at = wall_time(2000)}, now);
  ASSERT_TRUE(claims_->doubted(doubted, now));
  EXPECT_EQ(claims_->doubted(doubted, now)->heard_by, now + 2s);
  EXPECT_EQ(claims_->doubted(doubted, now)->sent_at, wall_time(1000));
  claims_->remember(doubted, Response{.status = 201}, {}, now);
  EXPECT_FALSE(claims_->doubted(doubted, now));
}

TEST_F(ClaimsTest, AnAnswerThatFailedLateDoesNotTakeTheNewOnesPlace) {
  Intent one = intent("k");
  one.repeatable = true;
  const Instant now = clock_.now();
  const auto first = claims_->remember(one, Response{.status = 422}, {.declined = true}, now);
  claims_->remember(one, Response{.status = 201}, {}, now);
  claims_->not_received(one, first, Response{.status = 422}, true, now);
  EXPECT_EQ(claims_->remembered(one, now).answer->status, 201);
  EXPECT_FALSE(claims_->remembered(one, now).declined);
}

struct Tally {
  std::atomic<int> ours = 0, answered = 0, others = 0;
};

/// Claims, holds the claim while others come, and finishes it; or takes what it is given.
Task<> claim_once(Claims& claims, Intent intent, Clock& clock, Tally& tally) {
  Claim claim = co_await claims.claim(intent, clock, clock.now() + 30s);
  switch (claim.kind()) {
    case Claim::Kind::ours:
      ++tally.ours;
      co_await clock.sleep_for(20ms);
      claim.finish(std::make_shared<const Response>(Response{.status = 201, .body = "the one answer"}));
      co_return;
    case Claim::Kind::answered:
      EXPECT_EQ(claim.answer().body, "the one answer");
      ++tally.answered;
      co_return;
    case Claim::Kind::other_payload:
    case Claim::Kind::in_progress:
    case Claim::Kind::unreadable:
    case Claim::Kind::unheard:
    case Claim::Kind::withdrawn: ++tally.others;
  }
}

/// All of them have begun before the first has ended: each thread's first step claims, and a claim is held across a
/// wait.
void race(Claims& claims, const Intent& intent, Tally& tally, int threads, int claims_each) {
  std::vector<std::thread> runners;
  for (int i = 0; i < threads; ++i) {
    runners.emplace_back([&] {
      boost::asio::io_context context(1);
      AsioClock clock(context.get_executor());
      for (int n = 0; n < claims_each; ++n) spawn(context.get_executor(), claim_once(claims, intent, clock, tally));
      context.run();
    });
  }
  for (std::thread& runner : runners) runner.join();
}

TEST_F(ClaimsTest, AKeyThatManyThreadsClaimAtOnceIsHandledOneAtATimeAndEveryoneIsAnswered) {
  Tally tally;
  race(*claims_, intent("k1"), tally, 4, 50);
  EXPECT_GE(tally.ours, 1);
  EXPECT_EQ(tally.ours + tally.answered, 200);
  EXPECT_EQ(tally.others, 0);
  EXPECT_GE(tally.answered, 49) << "those on the claimer's own thread came while it was held";
}

/// Holds the claim until somebody waits and for a moment more, and then gives its answer to who still does.
Task<> give_late(Claims& claims, Intent intent, Clock& clock, std::atomic<bool>& held, std::atomic<bool>& given) {
  Claim claim = co_await claims.claim(intent, clock, clock.now() + 30s);
  held = true;
  co_await clock.sleep_for(200us);
  given = claim.give_to_waiting(std::make_shared<const Response>(Response{.status = 201, .body = "late"}), Ulid{});
}

Task<> wait_briefly(Claims& claims, Intent intent, Clock& clock, std::atomic<bool>& answered) {
  const Claim claim = co_await claims.claim(intent, clock, clock.now() + 100us);
  answered = claim.kind() == Claim::Kind::answered;
}

TEST_F(ClaimsTest, ALateAnswerIsGivenToThoseWhoGetItAndToNobodyElse) {
  for (int round = 0; round < 200; ++round) {
    const Intent one = intent("k" + std::to_string(round));
    std::atomic<bool> held = false, given = false, answered = false;
    const auto on_own_loop = [](auto begin) {
      boost::asio::io_context context(1);
      AsioClock clock(context.get_executor());
      spawn(context.get_executor(), begin(clock));
      context.run();
    };
    std::thread giver([&] { on_own_loop([&](Clock& clock) { return give_late(*claims_, one, clock, held, given); }); });
    while (!held) std::this_thread::yield();
    on_own_loop([&](Clock& clock) { return wait_briefly(*claims_, one, clock, answered); });
    giver.join();
    EXPECT_EQ(given, answered) << round;
  }
}

/// What the second claim comes to, while the first is held or after it was let go.
Task<> claim_twice(Claims& claims, Intent first, Intent second, bool let_go, Clock& clock,
                   std::optional<Claim::Kind>& came) {
  std::optional<Claim> held;
  Claim claim = co_await claims.claim(first, clock, clock.now() + 1s);
  held.emplace(std::move(claim));
  if (let_go) held.reset();
  const Claim next = co_await claims.claim(second, clock, clock.now() + 1s);
  came = next.kind();
}

TEST_F(ClaimsTest, AnotherPayloadUnderAKeyInFlightIsRefusedAtOnce) {
  std::optional<Claim::Kind> came;
  spawn(context_.get_executor(), claim_twice(*claims_, intent("k1"), intent("k1", "else"), false, clock_, came));
  context_.run();
  EXPECT_EQ(came, Claim::Kind::other_payload);
}

TEST_F(ClaimsTest, AClaimThatIsLetGoUnfinishedIsTheNextOnes) {
  std::optional<Claim::Kind> came;
  spawn(context_.get_executor(), claim_twice(*claims_, intent("k1"), intent("k1"), true, clock_, came));
  context_.run();
  EXPECT_EQ(came, Claim::Kind::ours);
}

}  // namespace
}  // namespace standin
