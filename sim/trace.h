#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace standin::sim {

/// What happened in one run, in order: hashed always, so that two runs of one seed can be compared; written out only
/// for a reader. Called by every actor for everything that one of them does to another.
class Trace {
 public:
  /// `print` gets one line for each note; none: lines are hashed and not made.
  explicit Trace(std::function<void(const std::string& line)> print = nullptr) : print_(std::move(print)) {}

  /// `who` did something at `now`: "shopper 12", "cardgate", "disk". Arguments are integers, strings and enumerations'
  /// names: nothing that differs from run to run, such as an address in memory.
  template <class... Arguments>
  void note(Instant now, std::string_view who, fmt::format_string<const Arguments&...> what,
            const Arguments&... arguments) {
    add(static_cast<std::uint64_t>(now.time_since_epoch().count()));
    add(who);
    const fmt::string_view text = what;
    add(std::string_view(text.data(), text.size()));
    (add(arguments), ...);
    if (print_) write(now, who, fmt::format(what, arguments...));
  }

  /// Somebody reads it.
  bool prints() const { return print_ != nullptr; }
  std::uint64_t hash() const { return hash_; }

 private:
  /// FNV-1a, 64 bit (Fowler, Noll, Vo).
  void add_byte(std::uint8_t byte) { hash_ = (hash_ ^ byte) * 0x100000001b3; }
  void add(std::string_view text) {
    for (const char letter : text) add_byte(static_cast<std::uint8_t>(letter));
    add_byte(0);
  }
  template <std::integral Number>
  void add(Number number) {
    for (std::size_t byte = 0; byte < sizeof number; ++byte) {
      add_byte(static_cast<std::uint8_t>(static_cast<std::uint64_t>(number) >> (8 * byte)));
    }
  }
  void write(Instant now, std::string_view who, const std::string& what);

  std::function<void(const std::string& line)> print_;
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace standin::sim
