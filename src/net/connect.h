#pragma once

#include <memory>

#include "base/result.h"
#include "net/client.h"
#include "net/connection.h"

namespace standin {

/// Connects to `endpoint`: resolves its name, and tries its addresses in turn, each for at most `per_address`, until
/// `give_up`. No error of this has sent anything.
Task<Result<std::shared_ptr<Connection>>> connect_to(Endpoint endpoint, Duration per_address, Instant give_up);

}  // namespace standin
