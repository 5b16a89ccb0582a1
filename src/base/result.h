#pragma once

#include <expected>
#include <source_location>
#include <string>
#include <string_view>

namespace standin {

/// How much of a request may have reached the other side when an error ended it: what decides whether it may be sent
/// again.
enum class Sent {
  nothing,   ///< certainly not a byte: it may go elsewhere at once
  maybe,     ///< in part or whole, unanswered: it may have happened
  answered,  ///< an answer came, but not one that can be trusted
};

/// An expected failure, as a value.
struct Error {
  std::string what;   ///< for a person, with what to do next; never a card number or a secret
  std::string where;  ///< where it came from: a target's URL, a file and line, a table
  Sent sent = Sent::nothing;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> failure(std::string what, std::string where = {}, Sent sent = Sent::nothing) {
  return std::unexpected(Error{std::move(what), std::move(where), sent});
}

/// Aborts, in production too, when an invariant is broken: a program that is wrong about money must stop promising.
void ensure(bool holds, std::string_view invariant, std::source_location at = std::source_location::current());

/// For the end of a switch that handles every value of an enumeration.
[[noreturn]] void unreachable(std::source_location at = std::source_location::current());

}  // namespace standin
