#pragma once

#include <cstdint>
#include <string_view>

namespace standin {

/// What one attempt at a party came to (docs/semantics.md, "Outcomes").
enum class Outcome : std::uint8_t {
  approved,
  declined,  ///< a failure by rule of business: passed on, never stood in for, never trips a breaker
  not_done,  ///< a technical error, and certainly nothing happened
  unknown,   ///< may or may not have happened
};

/// Why standin answered in the party's stead (docs/semantics.md, "Why did we stand in?").
enum class Cause : std::uint8_t {
  refused,               ///< could not connect, resolve or agree on TLS
  timed_out_in_queue,    ///< no place among those in flight
  timed_out_in_service,  ///< sent, and no answer in time
  server_error,          ///< the party answered 5xx
  untrustworthy,         ///< an answer that is not what the route expects, or none that can be read
  breaker,               ///< not tried: every target's breaker is open
  forced,                ///< not tried: the big red button
  fallback,              ///< not tried: a router in front sends only what failed
};

std::string_view name(Outcome outcome);
/// The party's own yes or no; the other two leave something to find out or to do.
bool is_definite(Outcome outcome);
std::string_view name(Cause cause);

}  // namespace standin
