#include "sim/world.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstring>
#include <map>

namespace standin {
namespace {

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

/// Alarms in the order they ring: by time, then by when they were set.
using Moment = std::pair<Instant, std::uint64_t>;
using Alarms = std::map<Moment, std::move_only_function<void()>>;

class VirtualAlarm final : public Alarm {
 public:
  VirtualAlarm(std::weak_ptr<Alarms> alarms, Moment moment) : alarms_(std::move(alarms)), moment_(moment) {}
  ~VirtualAlarm() override {
    const auto alarms = alarms_.lock();
    if (!alarms) return;
    // What the callback held is let go only after the map is whole again: it may own other alarms.
    const auto cancelled = alarms->extract(moment_);
  }

 private:
  std::weak_ptr<Alarms> alarms_;
  Moment moment_;
};

class VirtualClock final : public Clock {
 public:
  Instant now() const override { return now_; }

  WallTime wall() const override {
    return wall_beginning + std::chrono::floor<std::chrono::milliseconds>(now_ - beginning + wall_offset_);
  }

  std::unique_ptr<Alarm> at(Instant when, std::move_only_function<void()> ring) override {
    const Moment moment{when, ++sequence_};
    alarms_->emplace(moment, std::move(ring));
    return std::make_unique<VirtualAlarm>(alarms_, moment);
  }

  std::optional<Instant> next() const {
    if (alarms_->empty()) return std::nullopt;
    return alarms_->begin()->first.first;
  }

  void ring_next() {
    auto due = alarms_->extract(alarms_->begin());
    jump_to(due.key().first);
    due.mapped()();
  }

  /// Alarms that outlive the world hold timers of its loop, which goes first.
  void forget_alarms() {
    Alarms forgotten;
    forgotten.swap(*alarms_);
  }

  void jump_to(Instant when) { now_ = std::max(now_, when); }
  void set_wall_offset(Duration offset) { wall_offset_ = offset; }

 private:
  Instant now_ = beginning;
  Duration wall_offset_{};
  std::uint64_t sequence_ = 0;
  std::shared_ptr<Alarms> alarms_ = std::make_shared<Alarms>();
};

Task<> run_and_tell(Task<> task, std::shared_ptr<bool> done) {
  co_await std::move(task);
  *done = true;
}

}  // namespace

struct World::State {
  explicit State(std::uint64_t seed) : random(seed) {}

  void run_ready() { loop.poll(); }

  SeededRandom random;
  VirtualClock clock;
  boost::asio::io_context loop{1};
  boost::asio::executor_work_guard<Executor> never_out_of_work{loop.get_executor()};
};

World::World(std::uint64_t seed) : state_(std::make_unique<State>(seed)) {}
World::~World() { state_->clock.forget_alarms(); }

Executor World::executor() { return state_->loop.get_executor(); }
Clock& World::clock() { return state_->clock; }
Random& World::random() { return state_->random; }
Instant World::now() const { return state_->clock.now(); }
void World::set_wall_offset(Duration offset) { state_->clock.set_wall_offset(offset); }

void World::run_until(Instant end) {
  state_->run_ready();
  for (auto next = state_->clock.next(); next && *next <= end; next = state_->clock.next()) {
    state_->clock.ring_next();
    state_->run_ready();
  }
  state_->clock.jump_to(end);
}

bool World::run_until_idle(Duration limit) {
  const Instant end = now() + limit;
  state_->run_ready();
  for (auto next = state_->clock.next(); next; next = state_->clock.next()) {
    if (*next > end) return false;
    state_->clock.ring_next();
    state_->run_ready();
  }
  return true;
}

void World::run(Task<> task, Duration limit) {
  const Instant end = now() + limit;
  const auto done = std::make_shared<bool>(false);
  spawn(executor(), run_and_tell(std::move(task), done));
  state_->run_ready();
  while (!*done) {
    const auto next = state_->clock.next();
    ensure(next.has_value(), "a task run in the world waits for something that will come");
    ensure(*next <= end, "a task run in the world ends within its limit");
    state_->clock.ring_next();
    state_->run_ready();
  }
}

}  // namespace standin
