#pragma once

// What most files read, precompiled (cmake/StandinRoom.cmake). Each file includes what it
// uses all the same.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/event.h"
#include "base/facts.h"
#include "base/outcome.h"
#include "base/result.h"
#include "base/text.h"
#include "base/ulid.h"
