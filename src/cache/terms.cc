#include <algorithm>
#include <array>

#include "base/text.h"
#include "cache/cache_limits.h"
#include "cache/kept_answer.h"

namespace standin {
namespace {

constexpr std::array without_word{200, 203, 204, 300, 301, 308, 404, 410};
constexpr std::array with_word{302, 307, 405, 414, 501};

template <std::size_t count>
bool among(const std::array<int, count>& statuses, int status) {
  return std::ranges::find(statuses, status) != statuses.end();
}

/// How long the answer says that it is fresh (RFC 9111, 4.2.1); nothing if it does not say.
std::optional<Duration> stated_lifetime(const CacheControl& says, const Headers& headers, WallTime wall) {
  if (says.s_maxage) return says.s_maxage;
  if (says.max_age) return says.max_age;
  const auto expires = headers.find("Expires");
  if (!expires) return std::nullopt;
  const auto until = read_http_date(*expires);
  if (!until) return Duration::zero();  // "0", mostly: it means the past
  const WallTime from = read_http_date(headers.find("Date").value_or("")).value_or(wall);
  return std::max<Duration>(*until - from, Duration::zero());
}

/// Cookies may have made it one person's own, and an answer that says nothing about being kept does not deny it. Files
/// have a Last-Modified; what was made for somebody has none.
bool may_be_personal(const Question& question, const CacheControl& says, const Headers& headers) {
  return question.personal && !says.is_public && !headers.has("Last-Modified");
}

bool must_not_be_kept(const Question& question, const CacheControl& says, const Response& answer) {
  if (question.says.no_store || says.no_store || says.is_private) return true;
  // Somebody else would be given this visitor's session. RFC 9111 (7.3) leaves it to us.
  if (answer.headers.has("Set-Cookie") || answer.headers.has("Content-Range")) return true;
  // The end of a connection is also how a server ends that dies in the middle.
  if (answer.ends_with_connection) return true;
  const bool shareable = says.is_public || says.must_revalidate || says.s_maxage;
  return question.authorized && !shareable;
}

/// How long after its freshness it may be used; what it forbids itself is forbidden (RFC 9111, 4.2.4).
void add_staleness(Terms& terms, const CacheControl& says, const CacheConfig& config) {
  if (says.must_revalidate || says.proxy_revalidate || says.no_cache) return;
  // s-maxage means proxy-revalidate (RFC 9111, 5.2.2.10), unless the answer itself says otherwise.
  const bool ours = !says.s_maxage;
  const Duration none = Duration::zero();
  terms.stale_while_revalidate = says.stale_while_revalidate.value_or(ours ? config.stale_while_revalidate : none);
  terms.stale_if_error = says.stale_if_error.value_or(ours ? config.stale_if_error : none);
}

bool is_of_use(const Terms& terms, const Headers& headers) {
  const bool validated = headers.has("ETag") || headers.has("Last-Modified");
  const bool used = !terms.always_validate && terms.lifetime > terms.age;
  return validated || used || terms.stale_if_error > Duration::zero() ||
         terms.stale_while_revalidate > Duration::zero();
}

/// All fields of that name as one, as RFC 9110 (5.3) joins them.
std::optional<std::string> joined(const Headers& headers, std::string_view wanted) {
  std::optional<std::string> all;
  for (const auto [name, value] : headers) {
    if (!equal_ignoring_case(name, wanted)) continue;
    all = all ? *all + ", " + std::string(trim(value)) : std::string(trim(value));
  }
  return all;
}

}  // namespace

std::optional<Terms> terms_of(const Question& question, const Response& answer, const CacheConfig& config,
                              Duration took, WallTime wall) {
  const CacheControl says = cache_control_of(answer.headers);
  if (must_not_be_kept(question, says, answer)) return std::nullopt;
  const auto stated = stated_lifetime(says, answer.headers, wall);
  if (!among(without_word, answer.status) && !(stated && among(with_word, answer.status))) return std::nullopt;
  if (!stated && may_be_personal(question, says, answer.headers)) return std::nullopt;
  // RFC 9111, 4.2.3, without its guess for caches of HTTP/1.0: a clock that is wrong makes nothing old.
  Terms terms{.age = read_seconds(answer.headers.find("Age").value_or("")).value_or(Duration::zero()) + took,
              .lifetime = stated.value_or(config.fresh),
              .always_validate = says.no_cache,
              .for_authorized = says.is_public || says.must_revalidate || says.s_maxage};
  add_staleness(terms, says, config);
  if (!is_of_use(terms, answer.headers)) return std::nullopt;
  return terms;
}

std::optional<Varying> varying_of(const Headers& request, const Headers& answer) {
  Varying varying;
  for (const auto [name, value] : answer) {
    if (!equal_ignoring_case(name, "Vary")) continue;
    for (const std::string_view listed : split(value, ',')) {
      std::string field = lower(trim(listed));
      if (field.empty()) continue;
      if (field == "*" || varying.size() == limits::varying_fields) return std::nullopt;
      auto given = joined(request, field);
      varying.emplace_back(std::move(field), std::move(given));
    }
  }
  std::ranges::sort(varying);
  const auto twice = std::ranges::unique(varying);
  varying.erase(twice.begin(), twice.end());
  return varying;
}

bool matches(const Varying& varying, const Headers& request) {
  return std::ranges::all_of(varying, [&](const auto& field) { return joined(request, field.first) == field.second; });
}

Use use_of(const KeptAnswer& kept, const CacheControl& asked, Instant now) {
  const Terms& terms = kept.terms;
  const Duration age = kept.age(now);
  if (terms.always_validate || asked.no_cache) return Use::validation;
  if (asked.max_age && age > *asked.max_age) return Use::validation;
  if (asked.min_fresh && terms.lifetime - age < *asked.min_fresh) return Use::validation;
  if (age < terms.lifetime) return Use::fresh;
  return age - terms.lifetime < terms.stale_while_revalidate ? Use::stale : Use::validation;
}

bool usable_on_error(const KeptAnswer& kept, Instant now) {
  if (kept.terms.always_validate) return false;
  const Duration age = kept.age(now);
  return age < kept.terms.lifetime || age - kept.terms.lifetime < kept.terms.stale_if_error;
}

}  // namespace standin
