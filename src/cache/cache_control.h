#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"
#include "net/message.h"

namespace standin {

/// What a message's Cache-Control says (RFC 9111, 5.2; RFC 5861). Directives that are not here change nothing for us,
/// or allow what we do not do: `max-stale`, `no-transform`, `immutable`, `must-understand`.
///
/// What cannot be read is taken for the strict thing: a time that is none is zero, of two times the shorter counts, a
/// directive for certain fields alone counts for all of them, and a quote that never ends is `no-store`, since that may
/// stand within it.
struct CacheControl {
  std::optional<Duration> max_age;
  std::optional<Duration> s_maxage;
  std::optional<Duration> min_fresh;
  std::optional<Duration> stale_while_revalidate;
  std::optional<Duration> stale_if_error;
  bool no_store = false;
  bool no_cache = false;  ///< of a request also by `Pragma` alone (RFC 9111, 5.4)
  bool only_if_cached = false;
  bool is_private = false;
  bool is_public = false;
  bool must_revalidate = false;
  bool proxy_revalidate = false;
};

/// Adds what one field's value says.
void add_cache_control(CacheControl& says, std::string_view value);

/// Of all its fields.
CacheControl cache_control_of(const Headers& headers);

/// Delta-seconds (RFC 9111, 1.2.2), in quotes or not; nothing if it is none. More than 68 years are 68 years.
std::optional<Duration> read_seconds(std::string_view text);

}  // namespace standin
