#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "config/config.h"

namespace standin {

/// "200ms", "15s", "2m", "24h", "30d": a whole number and its unit.
Result<Duration> parse_duration(std::string_view text);
/// The same, written with the largest unit that divides it.
std::string duration_text(Duration span);

/// "600B", "32KiB", "1MiB", "2GiB": a whole number and its unit.
Result<std::size_t> parse_bytes(std::string_view text);
std::string bytes_text(std::size_t bytes);

/// "45/min", "5000/day": a whole number of at least 1 and s, min, hour or day.
Result<SearchLimit> parse_rate(std::string_view text);
std::string rate_text(SearchLimit rate);

}  // namespace standin
