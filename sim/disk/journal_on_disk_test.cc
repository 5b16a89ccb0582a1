// The journal of standin on a disk that fails: what it said that it kept is there, and is what was kept.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <map>
#include <vector>

#include "journal/sqlite_journal.h"
#include "sim/disk/sim_disk.h"
#include "sim/world.h"

namespace standin::sim {
namespace {

enum class Said { nothing, there, perhaps, not_there };

struct Told {
  NewOrder order;
  Said order_is = Said::nothing;  ///< without an answer: its process died first
  Said held = Said::not_there;    ///< a second step
};

/// A machine whose process and disk fail, and what the process said.
class Machine {
 public:
  explicit Machine(std::uint64_t seed) : world_(seed), disk_(world_.fork_random()), chance_(world_.fork_random()) {
    disk_.on_fault = [this](std::string_view kind) { ++struck_[std::string(kind)]; };
  }
  ~Machine() { loop_.reset(); }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  DiskFaults& faults() { return disk_.faults(); }
  Random& chance() { return *chance_; }
  Journal& journal() { return *journal_; }
  const std::map<std::string, int>& struck() const { return struck_; }
  const std::vector<std::unique_ptr<Told>>& told() const { return told_; }

  void set_request_size_max(std::size_t size) { request_size_max_ = size; }

  bool start() {
    loop_ = world_.make_loop();
    auto opened = SqliteJournal::open(
        {.path = "journal.db", .clock = &loop_->clock(), .executor = loop_->executor(), .vfs = disk_.vfs()});
    if (!opened) why_ = opened.error().what;
    if (opened) journal_ = std::move(*opened);
    return opened.has_value();
  }
  const std::string& why_not() const { return why_; }

  void crash() {
    loop_.reset();
    journal_.reset();
    disk_.crash();
  }

  /// Some orders at once, which one commit takes.
  void keep(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      told_.push_back(std::make_unique<Told>(Told{.order = make_order()}));
      spawn(loop_->executor(), keep_order(*journal_, *told_.back()));
    }
  }
  void hold(Told& told) { spawn(loop_->executor(), hold_order(*journal_, told)); }
  void run() { world_.run_until_idle(std::chrono::seconds(1)); }

  Told* pick() { return told_.empty() ? nullptr : told_[chance_->below(told_.size())].get(); }

 private:
  static Task<> keep_order(Journal& journal, Told& told) {
    const Kept kept = co_await journal.keep(told.order);
    told.order_is = kept == Kept::kept ? Said::there : kept == Kept::unknown ? Said::perhaps : Said::not_there;
  }

  static Task<> hold_order(Journal& journal, Told& told) {
    told.held = Said::nothing;
    const Applied applied =
        co_await journal.apply(Change{.lease = {told.order.id, 0}, .to = State::held, .who = "ann", .why = "because"});
    told.held = applied == Applied::applied ? Said::there : Said::perhaps;
  }

  NewOrder make_order() {
    const std::string number = std::to_string(told_.size());
    NewOrder order;
    order.id = ulids_.make(world_.clock().wall());
    std::ranges::copy(number, order.key.digest.bytes.begin());
    order.facts.amount = Money{100, *Currency::parse("USD")};
    order.created = order.due = world_.clock().wall();
    order.request = {1, "wrapped", "request " + number + std::string(chance_->below(request_size_max_), 'r')};
    order.answer = {1, "wrapped too", "answer " + number};
    return order;
  }

  World world_;
  SimDisk disk_;
  std::unique_ptr<Random> chance_;
  UlidMaker ulids_{*chance_};
  std::vector<std::unique_ptr<Told>> told_;
  std::size_t request_size_max_ = 6000;
  std::map<std::string, int> struck_;
  std::string why_;
  std::unique_ptr<SqliteJournal> journal_;
  std::unique_ptr<Loop> loop_;
};

void expect_what_was_kept(Machine& machine, const Told& told, const Remembered& remembered) {
  EXPECT_TRUE(remembered.id == told.order.id);
  EXPECT_EQ(machine.journal().request(told.order.id)->ciphertext, told.order.request.ciphertext);
  EXPECT_EQ(machine.journal().answer(told.order.id)->ciphertext, told.order.answer.ciphertext);
  if (told.held == Said::there) EXPECT_EQ(remembered.state, State::held);
  if (told.held == Said::not_there) EXPECT_EQ(remembered.state, State::accepted);
}

/// Holds what the journal has after a crash against what was said; from then on, that is what is known.
void check(Machine& machine) {
  std::size_t there = 0;
  for (const auto& told : machine.told()) {
    const auto remembered = machine.journal().recall(told->order.key);
    if (told->order_is == Said::there) ASSERT_TRUE(remembered) << told->order.id.text() << " was kept";
    if (told->order_is == Said::not_there) ASSERT_FALSE(remembered) << told->order.id.text() << " was not kept";
    told->order_is = remembered ? Said::there : Said::not_there;
    if (!remembered) continue;
    ++there;
    expect_what_was_kept(machine, *told, *remembered);
    told->held = remembered->state == State::held ? Said::there : Said::not_there;
  }
  EXPECT_EQ(machine.journal().orders({.limit = 10'000})->size(), there) << "and nothing else";
}

DiskFaults draw_faults(Random& chance) {
  const auto perhaps = [&](double most) { return chance.below(3) == 0 ? chance.fraction() * most : 0.0; };
  return {.write_fails = perhaps(0.01),
          .sync_fails = perhaps(0.1),
          .flips_bit = perhaps(1),
          .full = chance.below(8) == 0,
          .power_fails = perhaps(0.02)};
}

void live(Machine& machine) {
  for (std::uint64_t steps = machine.chance().below(20); steps > 0; --steps) {
    if (machine.chance().below(8) == 0) machine.faults().full = !machine.faults().full;
    machine.keep(1 + machine.chance().below(3));
    if (Told* const told = machine.pick(); told && told->held == Said::not_there && told->order_is == Said::there)
      machine.hold(*told);
    machine.run();
  }
  machine.keep(machine.chance().below(3));  // under way when it dies
}

/// Lives of one machine on a disk that fails, each ended by a crash, and a look at what is left. Some die while they
/// start.
void live_and_die(Machine& machine) {
  for (int life = 0; life < 3; ++life) {
    ASSERT_TRUE(machine.start()) << machine.why_not();
    check(machine);
    machine.faults() = draw_faults(machine.chance());
    live(machine);
    machine.crash();
    if (machine.start()) machine.crash();
    machine.faults() = {};
    machine.crash();
  }
  ASSERT_TRUE(machine.start()) << machine.why_not();
  check(machine);
}

TEST(JournalOnABadDisk, HasAfterAnyCrashWhatItSaidAndNothingTorn) {
  std::map<std::string, int> struck;
  std::size_t kept = 0;
  for (std::uint64_t seed = 1; seed <= 40 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Machine machine(seed);
    live_and_die(machine);
    for (const auto& [kind, count] : machine.struck()) struck[kind] += count;
    for (const auto& told : machine.told()) kept += told->order_is == Said::there;
  }
  EXPECT_GT(kept, 600u);
  for (const char* const kind : {"write", "sync", "bit", "full", "power", "torn"}) EXPECT_GT(struck[kind], 5) << kind;
}

TEST(JournalOnABadDisk, StopsPromisingForGoodAfterAFailedSync) {
  Machine machine(1);
  ASSERT_TRUE(machine.start());
  machine.faults().sync_fails = 1;
  machine.keep(1);
  machine.run();
  machine.faults() = {};
  machine.keep(1);
  machine.run();
  EXPECT_EQ(machine.told()[0]->order_is, Said::perhaps);
  EXPECT_EQ(machine.told()[1]->order_is, Said::not_there);
  EXPECT_FALSE(machine.journal().health().promising);
}

TEST(JournalOnABadDisk, HealsWhenAFullOneHasRoomAgain) {
  Machine machine(1);
  ASSERT_TRUE(machine.start());
  machine.faults().full = true;
  machine.keep(1);
  machine.run();
  EXPECT_FALSE(machine.journal().health().promising);
  machine.faults().full = false;
  machine.keep(1);
  machine.run();
  EXPECT_EQ(machine.told()[0]->order_is, Said::not_there);
  EXPECT_EQ(machine.told()[1]->order_is, Said::there);
  EXPECT_TRUE(machine.journal().health().promising);
  machine.crash();
  ASSERT_TRUE(machine.start());
  check(machine);
}

TEST(JournalOnABadDisk, MovesALongLogToItsDatabaseThroughCrashes) {
  int struck = 0;
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Machine machine(seed);
    machine.set_request_size_max(40'000);
    for (int life = 0; life < 2; ++life) {
      ASSERT_TRUE(machine.start()) << machine.why_not();
      check(machine);
      for (int batch = 0; batch < 24; ++batch) {
        // The sixteenth commit makes the log long enough; moving it is four thousand writes.
        if (batch == 14) machine.faults().power_fails = 0.0002;
        machine.keep(40);
        machine.run();
      }
      machine.crash();
      machine.faults() = {};
    }
    ASSERT_TRUE(machine.start()) << machine.why_not();
    check(machine);
    struck += machine.struck().contains("power");
  }
  EXPECT_GT(struck, 0);
}

}  // namespace
}  // namespace standin::sim
