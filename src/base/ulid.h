#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/time.h"

namespace standin {

/// 48 bits of milliseconds and 80 of chance, written as 26 characters of Crockford's base 32
/// (https://github.com/ulid/spec). Sorts by time of making.
struct Ulid {
  std::array<std::uint8_t, 16> bytes{};

  std::string text() const;
  /// Nothing unless `text` is a well-formed ULID; either letter case.
  static std::optional<Ulid> parse(std::string_view text);
  WallTime made_at() const;

  auto operator<=>(const Ulid&) const = default;
};

/// So many at most have one millisecond: three digits tell them apart, also while the clock stands still or is set
/// back. The last two bytes, as a number, count up by one within it.
constexpr unsigned ulids_in_a_millisecond = 1000;

/// Makes ULIDs that are monotonic within the process. Any thread.
class UlidMaker {
 public:
  explicit UlidMaker(Random& random) : random_(random) {}
  Ulid make(WallTime now);

 private:
  static constexpr std::size_t chance_each = 10;  ///< bytes

  void draw(std::span<std::uint8_t, chance_each> chance);

  Random& random_;
  std::mutex mutex_;
  /// For the ids to come, drawn at once: each would be a system call. Not for what forks and goes on without exec.
  std::array<std::uint8_t, 32 * chance_each> drawn_{};
  std::size_t used_ = drawn_.size();
  Ulid last_;
  unsigned made_in_millisecond_ = 0;
};

}  // namespace standin
