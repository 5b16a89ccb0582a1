#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "net/client.h"
#include "rehearsal/shopper.h"

namespace standin::rehearsal {

/// Connects, sends `bytes`, and leaves without the whole answer as `how` says; at `deadline` at the latest. An error is
/// a connection that could not be made or broke before that: `sent` tells how far it came.
Task<Result<void>> hang_up_on(Clock& clock, Endpoint endpoint, std::string bytes, HangUp how, Instant deadline);

}  // namespace standin::rehearsal
