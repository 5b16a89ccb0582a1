#include "config/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/text.h"

namespace standin {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t size;
};

// Largest first: the order in which they are tried when writing.
constexpr std::array<Unit, 5> time_units{Unit{"d", 86'400'000'000'000}, Unit{"h", 3'600'000'000'000},
                                         Unit{"m", 60'000'000'000}, Unit{"s", 1'000'000'000}, Unit{"ms", 1'000'000}};
constexpr std::array<Unit, 4> byte_units{Unit{"GiB", 1 << 30}, Unit{"MiB", 1 << 20}, Unit{"KiB", 1 << 10},
                                         Unit{"B", 1}};

constexpr std::array<Unit, 4> rate_units{Unit{"s", 1'000'000'000}, Unit{"min", 60'000'000'000},
                                         Unit{"hour", 3'600'000'000'000}, Unit{"day", 86'400'000'000'000}};

std::optional<std::int64_t> size_of(std::span<const Unit> units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return unit.size;
  }
  return std::nullopt;
}

/// "MB" and "mib" are meant as "MiB".
std::string meant_unit(std::string_view given) {
  for (const Unit& unit : byte_units) {
    const char first = lower(unit.name)[0];
    if (unit.size > 1 && !given.empty() && lower(given)[0] == first) return std::string(unit.name);
  }
  return "";
}

Result<std::int64_t> parse(std::string_view text, std::span<const Unit> units, const std::string& allowed) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, text.data() + text.size());
  if (error == std::errc::result_out_of_range) return failure(fmt::format("'{}' is too large", text));
  if (error != std::errc() || number < 0) return failure(fmt::format("'{}' is not {}", text, allowed));
  if (unit.empty()) return failure(fmt::format("'{}' has no unit: write {}", text, allowed));
  const auto size = size_of(units, unit);
  if (!size) return failure(fmt::format("'{}' has an unknown unit '{}': write {}", text, unit, allowed));
  std::int64_t product = 0;
  if (__builtin_mul_overflow(number, *size, &product)) return failure(fmt::format("'{}' is too large", text));
  return product;
}

std::string write(std::int64_t value, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.size == 0) return fmt::format("{}{}", value / unit.size, unit.name);
  }
  return fmt::format("{}{}", value / units.back().size, units.back().name);
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  const auto parsed = parse(text, time_units, "a whole number with ms, s, m, h or d, such as \"15s\"");
  if (!parsed) return std::unexpected(parsed.error());
  return Duration(*parsed);
}

std::string duration_text(Duration span) {
  if (span == Duration::zero()) return "0s";
  return write(span.count(), time_units);
}

Result<std::size_t> parse_bytes(std::string_view text) {
  auto parsed = parse(text, byte_units, "a whole number with B, KiB, MiB or GiB, such as \"1MiB\"");
  if (parsed) return static_cast<std::size_t>(*parsed);
  const auto digits = text.find_first_not_of("0123456789");
  if (digits == std::string_view::npos || digits == 0) return std::unexpected(parsed.error());
  const std::string meant = meant_unit(text.substr(digits));
  if (!meant.empty()) parsed.error().what += fmt::format("; did you mean '{}{}'?", text.substr(0, digits), meant);
  return std::unexpected(parsed.error());
}

std::string bytes_text(std::size_t bytes) { return write(static_cast<std::int64_t>(bytes), byte_units); }

Result<SearchLimit> parse_rate(std::string_view text) {
  SearchLimit rate;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate.count);
  const std::string_view rest(end, text.data() + text.size());
  const auto wrong = [text](std::string_view more) {
    return failure(fmt::format("'{}' is not so many a time, such as \"45/min\" or \"5000/day\"{}", text, more));
  };
  if (error != std::errc() || rate.count == 0 || !rest.starts_with('/')) return wrong("");
  const auto size = size_of(rate_units, rest.substr(1));
  if (size) {
    rate.per = Duration(*size);
    return rate;
  }
  std::vector<std::string> known;
  for (const Unit& unit : rate_units) known.emplace_back(unit.name);
  const auto prefix = std::ranges::find_if(known, [&](const std::string& name) {
    return rest.size() > 1 && (name.starts_with(rest.substr(1)) || rest.substr(1).starts_with(name));
  });
  return wrong(prefix == known.end() ? "; the time is one of s, min, hour, day"
                                     : fmt::format("; did you mean '{}/{}'?", rate.count, *prefix));
}

std::string rate_text(SearchLimit rate) {
  for (const Unit& unit : rate_units) {
    if (unit.size == rate.per.count()) return fmt::format("{}/{}", rate.count, unit.name);
  }
  return fmt::format("{}/{}", rate.count, duration_text(rate.per));
}

}  // namespace standin
