#pragma once

#include <atomic>
#include <cstddef>
#include <expected>

#include "base/task.h"
#include "net/body.h"
#include "net/message.h"

namespace standin {

/// What all requests that are held in memory together may take.
struct HeldMemory {
  std::atomic<std::size_t>& bytes;  ///< held now
  std::size_t max;
};

/// Reads the rest of `request` into its body, counting it in `memory` meanwhile. The error says what to answer: 413
/// for more than `bytes_max`, 503 where there is no memory for it (neither has read what was announced as too much), or
/// why the client did not send it to its end.
Task<std::expected<void, FramingRefusal>> read_whole(Request& request, std::size_t bytes_max, HeldMemory memory);

}  // namespace standin
