#include "net/asio_clock.h"

#include <time.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <fstream>

namespace standin {
namespace {

using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

/// Owned by the timer's own wait, so that it never outlives its event loop, whoever still holds the Alarm.
struct Bell {
  Timer timer;
  std::move_only_function<void()> ring;
};

class TimerAlarm final : public Alarm {
 public:
  explicit TimerAlarm(std::weak_ptr<Bell> bell) : bell_(std::move(bell)) {}
  ~TimerAlarm() override {
    const auto bell = bell_.lock();
    if (!bell) return;
    bell->ring = nullptr;
    bell->timer.cancel();
  }

 private:
  std::weak_ptr<Bell> bell_;
};

/// Of this thread's Moment.
struct Readings {
  bool hold = false;
  std::optional<Instant> steady;
  std::optional<WallTime> wall;
};
thread_local constinit Readings readings;

}  // namespace

Moment::Moment() { readings = {.hold = true}; }
Moment::~Moment() { readings = {}; }

Instant steady_now() {
  if (readings.steady) return *readings.steady;
  const Instant now = std::chrono::steady_clock::now();
  if (readings.hold) readings.steady = now;
  return now;
}

Instant AsioClock::now() const { return steady_now(); }

namespace {

/// Runs on while the machine is suspended, unlike steady_clock.
Duration since_boot() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

std::chrono::time_point<std::chrono::system_clock, Duration> beginning() {
  static const auto boot = std::chrono::system_clock::now() - since_boot();
  return boot;
}

}  // namespace

// The time at the process's start and what has passed since: a clock that is set forward must not end a lease, a
// listening or a waiting time, nor one set back prolong them. A clock that was wrong at the start stays so until a
// restart.
WallTime AsioClock::wall() const {
  if (readings.wall) return *readings.wall;
  const WallTime now = std::chrono::floor<WallTime::duration>(beginning() + since_boot());
  if (readings.hold) readings.wall = now;
  return now;
}

std::optional<Boot> AsioClock::boot() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  Boot boot{.began = std::chrono::floor<WallTime::duration>(beginning())};
  if (!std::getline(file, boot.id) || boot.id.empty()) return std::nullopt;
  return boot;
}

std::unique_ptr<Alarm> AsioClock::at(Instant when, std::move_only_function<void()> ring) {
  const auto bell = std::make_shared<Bell>(Timer(executor_, when), std::move(ring));
  bell->timer.async_wait([bell](const boost::system::error_code&) {
    auto callback = std::move(bell->ring);
    bell->ring = nullptr;
    if (callback) callback();
  });
  return std::make_unique<TimerAlarm>(bell);
}

}  // namespace standin
