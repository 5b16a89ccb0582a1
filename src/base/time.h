#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace standin {

/// A span of time, nanoseconds.
using Duration = std::chrono::nanoseconds;

/// A point on a Clock's monotonic axis. Only for timeouts, leases and windows inside one process.
using Instant = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// Wall-clock time, milliseconds since 1970 UTC. Only for records and for windows that cross processes.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

/// Milliseconds since 1970 UTC.
inline std::int64_t unix_ms(WallTime t) { return t.time_since_epoch().count(); }
inline WallTime wall_time(std::int64_t unix_milliseconds) {
  return WallTime(std::chrono::milliseconds(unix_milliseconds));
}
inline double seconds(Duration d) { return std::chrono::duration<double>(d).count(); }
/// Rounded towards zero.
inline std::int64_t whole_milliseconds(Duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}

/// 2026-11-22T03:04:05.678Z
std::string iso8601(WallTime t);
/// Sun, 22 Nov 2026 03:04:05 GMT (RFC 9110 IMF-fixdate)
std::string http_date(WallTime t);
/// That form alone, as every server of today writes it.
std::optional<WallTime> read_http_date(std::string_view text);

}  // namespace standin
