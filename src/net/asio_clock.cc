#include "net/asio_clock.h"

#include <boost/asio/basic_waitable_timer.hpp>

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

}  // namespace

Instant AsioClock::now() const { return std::chrono::steady_clock::now(); }

WallTime AsioClock::wall() const {
  return std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
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
