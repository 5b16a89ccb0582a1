#include "app/demo_signals.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>

namespace standin::demo {
namespace {

bool stop_asked = false;  ///< the main thread's

sigset_t held() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int one : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&signals, one);
  return signals;
}

}  // namespace

void hold_signals() {
  const sigset_t signals = held();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

Signal next_signal(Duration within) {
  const Duration span = std::max(within, Duration::zero());
  const auto whole = std::chrono::floor<std::chrono::seconds>(span);
  const timespec wait{.tv_sec = whole.count(), .tv_nsec = (span - whole).count()};
  const sigset_t signals = held();
  const int number = sigtimedwait(&signals, nullptr, &wait);
  if (number == SIGCHLD) return Signal::child_ended;
  if (number < 0) return Signal::none;
  stop_asked = true;
  return Signal::stop;
}

bool stop_was_asked() { return stop_asked; }

}  // namespace standin::demo
