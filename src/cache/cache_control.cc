#include "cache/cache_control.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace standin {
namespace {

struct Flag {
  std::string_view name;
  bool CacheControl::* of;
};
constexpr std::array flags{
    Flag{"no-store", &CacheControl::no_store},
    Flag{"no-cache", &CacheControl::no_cache},
    Flag{"only-if-cached", &CacheControl::only_if_cached},
    Flag{"private", &CacheControl::is_private},
    Flag{"public", &CacheControl::is_public},
    Flag{"must-revalidate", &CacheControl::must_revalidate},
    Flag{"proxy-revalidate", &CacheControl::proxy_revalidate},
};

struct Time {
  std::string_view name;
  std::optional<Duration> CacheControl::* of;
};
constexpr std::array times{
    Time{"max-age", &CacheControl::max_age},
    Time{"s-maxage", &CacheControl::s_maxage},
    Time{"min-fresh", &CacheControl::min_fresh},
    Time{"stale-while-revalidate", &CacheControl::stale_while_revalidate},
    Time{"stale-if-error", &CacheControl::stale_if_error},
};

void add_directive(CacheControl& says, std::string_view name, std::string_view argument) {
  for (const Flag& flag : flags) {
    if (equal_ignoring_case(name, flag.name)) says.*flag.of = true;
  }
  for (const Time& time : times) {
    if (!equal_ignoring_case(name, time.name)) continue;
    const Duration given = read_seconds(argument).value_or(Duration::zero());
    says.*time.of = std::min((says.*time.of).value_or(given), given);
  }
}

/// Where the element that `list` begins with ends: at a comma that is not quoted. Nothing if a quote does not end.
std::optional<std::size_t> element_size(std::string_view list) {
  bool quoted = false;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (quoted && list[i] == '\\') {
      ++i;
    } else if (list[i] == '"') {
      quoted = !quoted;
    } else if (list[i] == ',' && !quoted) {
      return i;
    }
  }
  if (quoted) return std::nullopt;
  return list.size();
}

}  // namespace

std::optional<Duration> read_seconds(std::string_view text) {
  constexpr std::int64_t most = 2'147'483'648;
  if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"')) text = text.substr(1, text.size() - 2);
  if (!all_digits(text)) return std::nullopt;
  std::int64_t count = 0;
  for (const char digit : text) count = std::min(count * 10 + (digit - '0'), most);
  return std::chrono::seconds(count);
}

void add_cache_control(CacheControl& says, std::string_view value) {
  while (!value.empty()) {
    const auto size = element_size(value);
    if (!size) {
      says.no_store = true;
      return;
    }
    const std::string_view element = trim(value.substr(0, *size));
    const std::size_t equals = std::min(element.find('='), element.size());
    const std::string_view argument = equals == element.size() ? std::string_view() : element.substr(equals + 1);
    add_directive(says, trim(element.substr(0, equals)), trim(argument));
    value.remove_prefix(std::min(*size + 1, value.size()));
  }
}

CacheControl cache_control_of(const Headers& headers) {
  CacheControl says;
  bool given = false;
  bool pragma = false;
  for (const auto [name, value] : headers) {
    if (equal_ignoring_case(name, "Cache-Control")) {
      add_cache_control(says, value);
      given = true;
    } else if (equal_ignoring_case(name, "Pragma")) {
      pragma = pragma || equal_ignoring_case(trim(value), "no-cache");
    }
  }
  if (pragma && !given) says.no_cache = true;
  return says;
}

}  // namespace standin
