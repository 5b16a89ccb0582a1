#include "sim/world.h"

#include <algorithm>
#include <boost/asio/detail/scheduler.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/intrusive/set.hpp>
#include <cmath>
#include <cstring>
#include <vector>

namespace standin {
namespace {

namespace intrusive = boost::intrusive;

/// An hour after the zero of its axis, so that a forgotten `Instant{}` shows as one long past.
constexpr Instant beginning{std::chrono::hours(1)};
constexpr WallTime wall_beginning = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

  void fill(std::span<std::uint8_t> bytes) override {
    while (!bytes.empty()) {
      const std::uint64_t drawn = draw();
      const std::size_t count = std::min(bytes.size(), sizeof drawn);
      std::memcpy(bytes.data(), &drawn, count);
      bytes = bytes.subspan(count);
    }
  }

 private:
  std::uint64_t draw() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
  }

  std::uint64_t state_;
};

using Scheduler = boost::asio::detail::scheduler;

/// `io_context::poll` asks the kernel for its descriptors whenever its queue is empty: a system call for every loop
/// after every event, measured at 0.3 µs each. No loop of a world has descriptors, so that its queue alone tells
/// whether there is anything to do. Asio shows that to nobody; an explicit instantiation may name private members.
bool anything_ready(Scheduler& scheduler);

template <auto queue, auto kernel>
struct Peek {
  friend bool anything_ready(Scheduler& scheduler) {
    boost::asio::detail::scheduler_operation* first = (scheduler.*queue).front();
    if (first == &(scheduler.*kernel)) first = boost::asio::detail::op_queue_access::next(first);
    return first != nullptr;
  }
};
template struct Peek<&Scheduler::op_queue_, &Scheduler::task_operation_>;

class Lane;

/// Linked into the queue that it waits in, and out of it by its destruction: nothing has to be looked up or kept for
/// those that are cancelled, as most are.
class VirtualAlarm final : public Alarm, public intrusive::set_base_hook<intrusive::link_mode<intrusive::auto_unlink>> {
 public:
  /// `owner`: nullptr for what rings though its loop stands still.
  VirtualAlarm(Instant when, Lane* owner, std::move_only_function<void()> ring)
      : deadline(when), lane(owner), ring_(std::move(ring)) {}

  /// What the callback held is let go with what is returned: it may own other alarms, or this one.
  std::move_only_function<void()> take() {
    unlink();
    return std::exchange(ring_, nullptr);
  }

  bool operator<(const VirtualAlarm& other) const { return deadline < other.deadline; }

  const Instant deadline;  ///< in the world's time
  Lane* const lane;

 private:
  std::move_only_function<void()> ring_;
};

/// Alarms in the order they ring: by time, then by when they were set, since equal ones are put behind each other.
using Alarms = intrusive::multiset<VirtualAlarm, intrusive::constant_time_size<false>>;

/// Takes the alarms of one loop out of `alarms` and forgets what they were to do.
void forget(Alarms& alarms, const Lane* lane) {
  std::vector<std::move_only_function<void()>> forgotten;
  for (auto at = alarms.begin(); at != alarms.end();) {
    VirtualAlarm& alarm = *at++;
    if (alarm.lane == lane) forgotten.push_back(alarm.take());
  }
}

/// The world's time, what is to happen in it, and the loops on which it happens.
class Timeline {
 public:
  Instant now() const { return now_; }
  void jump_to(Instant when) { now_ = std::max(now_, when); }
  std::optional<Instant> next() const {
    if (alarms_.empty()) return std::nullopt;
    return alarms_.begin()->deadline;
  }

  void set(VirtualAlarm& alarm) { alarms_.insert(alarm); }
  void ring_next();

  void join(Lane& lane) { lanes_.push_back(&lane); }
  /// Its place is kept until the next turn: this one may be going through them.
  void leave(Lane& lane) {
    std::ranges::replace(lanes_, &lane, nullptr);
    forget(alarms_, &lane);
  }
  void run_ready();
  bool has_one_lane() const { return std::ranges::count(lanes_, nullptr) + 1 == std::ssize(lanes_); }

 private:
  Instant now_ = beginning;
  Alarms alarms_;
  std::vector<Lane*> lanes_;
};

/// A clock that may be wrong, in whole billionths so that every machine computes the same.
class LaneClock final : public Clock {
 public:
  LaneClock(Timeline& timeline, Lane& lane, ClockError error)
      : timeline_(timeline),
        lane_(lane),
        start_(timeline.now()),
        drift_per_billion_(std::llround(error.drift * billion)),
        wall_offset_(error.wall_offset) {
    ensure(error.drift > -0.5 && error.drift < 0.5, "a simulated clock drifts by less than a half");
  }

  Instant now() const override { return start_ + shown_after(timeline_.now() - start_); }
  WallTime wall() const override {
    return wall_beginning + std::chrono::floor<std::chrono::milliseconds>(now() - beginning + wall_offset_);
  }
  std::unique_ptr<Alarm> at(Instant when, std::move_only_function<void()> ring) override;

  void set_wall_offset(Duration offset) { wall_offset_ = offset; }

 private:
  static constexpr std::int64_t billion = 1'000'000'000;

  /// What the clock has counted when `passed` has passed in the world.
  Duration shown_after(Duration passed) const {
    const std::int64_t whole = passed.count() / billion * drift_per_billion_;
    const std::int64_t part = passed.count() % billion * drift_per_billion_ / billion;
    return passed + Duration(whole + part);
  }

  /// The first moment of the world at which the clock shows `when` or later.
  Instant world_time(Instant when) const {
    constexpr auto ever = std::chrono::hours(24 * 365 * 50);
    if (drift_per_billion_ == 0 || when <= start_) return when;
    if (when - start_ > ever) return Instant::max();
    const auto factor = 1 + static_cast<double>(drift_per_billion_) / billion;
    Duration passed(static_cast<std::int64_t>(static_cast<double>((when - start_).count()) / factor));
    while (start_ + shown_after(passed) >= when) passed -= Duration(1);
    while (start_ + shown_after(passed) < when) passed += Duration(1);
    return start_ + passed;
  }

  Timeline& timeline_;
  Lane& lane_;
  const Instant start_;
  const std::int64_t drift_per_billion_;
  Duration wall_offset_;
};

/// One loop of the world.
class Lane {
 public:
  Lane(Timeline& timeline, ClockError error) : timeline_(timeline), clock_(timeline, *this, error) {
    timeline.join(*this);
  }
  /// What alarms would do holds timers of the Asio loop, and goes before it; that loop then destroys its coroutines.
  ~Lane() {
    gone_ = true;
    timeline_.leave(*this);
    forget(held_, this);
  }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  Executor executor() { return loop_.get_executor(); }
  LaneClock& clock() { return clock_; }
  bool gone() const { return gone_; }
  bool stalled() const { return wake_ != nullptr; }

  bool run_ready() { return anything_ready(scheduler_) && loop_.poll() > 0; }

  /// An Asio loop that is stopped takes work, and runs none.
  void stall_until(Instant end) {
    if (end <= timeline_.now() || (stalled() && end <= wake_->deadline)) return;
    loop_.stop();
    wake_ = std::make_unique<VirtualAlarm>(end, nullptr, [this] { wake_up(); });
    timeline_.set(*wake_);
  }
  void hold(VirtualAlarm& alarm) { held_.insert(alarm); }

 private:
  /// What should have rung meanwhile rings next: it was due before everything else.
  void wake_up() {
    wake_.reset();
    loop_.restart();
    while (!held_.empty()) {
      VirtualAlarm& alarm = *held_.begin();
      held_.erase(held_.begin());
      timeline_.set(alarm);
    }
  }

  Timeline& timeline_;
  LaneClock clock_;
  bool gone_ = false;
  Alarms held_;  ///< due while it stood still
  std::unique_ptr<VirtualAlarm> wake_;
  boost::asio::io_context loop_{1};
  Scheduler& scheduler_ = boost::asio::use_service<Scheduler>(loop_);
  boost::asio::executor_work_guard<Executor> never_out_of_work_{loop_.get_executor()};
};

std::unique_ptr<Alarm> LaneClock::at(Instant when, std::move_only_function<void()> ring) {
  auto alarm = std::make_unique<VirtualAlarm>(world_time(when), &lane_, std::move(ring));
  if (!lane_.gone()) timeline_.set(*alarm);
  return alarm;
}

void Timeline::ring_next() {
  VirtualAlarm& due = *alarms_.begin();
  jump_to(due.deadline);
  if (due.lane && due.lane->stalled()) {
    alarms_.erase(alarms_.begin());
    due.lane->hold(due);
    return;
  }
  auto ring = due.take();
  ring();
}

/// Until a whole round has found nothing to run.
void Timeline::run_ready() {
  std::erase(lanes_, nullptr);
  std::size_t idle = 0;
  for (std::size_t at = 0; idle < lanes_.size(); at = (at + 1) % lanes_.size()) {
    const bool ran = lanes_[at] && lanes_[at]->run_ready();
    idle = ran ? 1 : idle + 1;
  }
}

Task<> run_and_tell(Task<> task, std::shared_ptr<bool> done) {
  co_await std::move(task);
  *done = true;
}

}  // namespace

struct Loop::State {
  State(Timeline& timeline, ClockError error) : lane(timeline, error) {}
  Lane lane;
};

Loop::Loop(std::unique_ptr<State> state) : state_(std::move(state)) {}
Loop::~Loop() = default;
Executor Loop::executor() { return state_->lane.executor(); }
Clock& Loop::clock() { return state_->lane.clock(); }
void Loop::stall_until(Instant end) { state_->lane.stall_until(end); }

struct World::State {
  explicit State(std::uint64_t seed) : random(seed) {}
  ~State() { ensure(timeline.has_one_lane(), "no loop outlives its world"); }

  SeededRandom random;
  Timeline timeline;
  Lane lane{timeline, {}};
};

World::World(std::uint64_t seed) : state_(std::make_unique<State>(seed)) {}
World::~World() = default;

Executor World::executor() { return state_->lane.executor(); }
Clock& World::clock() { return state_->lane.clock(); }
Random& World::random() { return state_->random; }
std::unique_ptr<Random> World::fork_random() { return std::make_unique<SeededRandom>(state_->random.next()); }
std::unique_ptr<Loop> World::make_loop(ClockError error) {
  return std::unique_ptr<Loop>(new Loop(std::make_unique<Loop::State>(state_->timeline, error)));
}
Instant World::now() const { return state_->timeline.now(); }
void World::set_wall_offset(Duration offset) { state_->lane.clock().set_wall_offset(offset); }

void World::run_until(Instant end) {
  Timeline& timeline = state_->timeline;
  timeline.run_ready();
  for (auto next = timeline.next(); next && *next <= end; next = timeline.next()) {
    timeline.ring_next();
    timeline.run_ready();
  }
  timeline.jump_to(end);
}

bool World::run_until_idle(Duration limit) {
  Timeline& timeline = state_->timeline;
  const Instant end = now() + limit;
  timeline.run_ready();
  for (auto next = timeline.next(); next; next = timeline.next()) {
    if (*next > end) return false;
    timeline.ring_next();
    timeline.run_ready();
  }
  return true;
}

void World::run(Task<> task, Duration limit) {
  Timeline& timeline = state_->timeline;
  const Instant end = now() + limit;
  const auto done = std::make_shared<bool>(false);
  spawn(executor(), run_and_tell(std::move(task), done));
  timeline.run_ready();
  while (!*done) {
    const auto next = timeline.next();
    ensure(next.has_value(), "a task run in the world waits for something that will come");
    ensure(*next <= end, "a task run in the world ends within its limit");
    timeline.ring_next();
    timeline.run_ready();
  }
}

}  // namespace standin
