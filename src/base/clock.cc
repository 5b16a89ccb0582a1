#include "base/clock.h"

#include "base/event.h"

namespace standin {

Task<> Clock::sleep_until(Instant when) {
  Event never;
  co_await never.wait_until(*this, when);
}

Task<> Clock::sleep_for(Duration span) { co_await sleep_until(now() + span); }

}  // namespace standin
