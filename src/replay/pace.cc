#include "replay/pace.h"

#include <algorithm>

namespace standin {
namespace {

using namespace std::chrono_literals;

constexpr double steps_to_full_rate = 20;
constexpr double rate_min = 0.5;
constexpr Duration pause_first = 250ms;
constexpr Duration pause_max = 5s;  // a recovered upstream is noticed within this

}  // namespace

void Pace::succeeded() {
  rate_ = std::min(rate_max_, rate_ + rate_max_ / steps_to_full_rate);
  pause_ = Duration(0);
}

void Pace::failed(Instant now) {
  rate_ = std::min(rate_max_, std::max(rate_min, rate_ / 2));
  pause_ = pause_ == Duration(0) ? pause_first : std::min(pause_max, pause_ * 2);
  next_ = std::max(next_, now + pause_);
}

void Pace::limit(double rate_max) {
  rate_max_ = rate_max;
  rate_ = std::min(rate_, rate_max_);
}

void Pace::started(Instant now) { next_ = std::max(next_, now) + gap(); }

void Pace::gave_way() { next_ -= gap(); }

Duration Pace::gap() const { return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(1 / rate_)); }

}  // namespace standin
