#include <algorithm>
#include <array>

#include "base/text.h"
#include "cache/kept_answer.h"

namespace standin {
namespace {

/// Fields that change what some applications answer, and that no key has: with one of them, anybody could have the
/// cache give something else to everybody.
constexpr std::array<std::string_view, 9> overrides{
    "X-HTTP-Method-Override", "X-HTTP-Method",    "X-Method-Override",  "X-Original-URL", "X-Rewrite-URL",
    "X-Forwarded-Scheme",     "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Host"};

std::string_view why_bypassed(const Request& request) {
  if (request.method != "GET" && request.method != "HEAD") return "method";
  if (!request.body.empty() || request.rest || !request.upgrade.empty()) return "body";
  if (request.headers.has("Range")) return "range";
  if (request.headers.has("If-Match") || request.headers.has("If-Unmodified-Since")) return "condition";
  const bool overridden = std::ranges::any_of(overrides, [&](auto name) { return request.headers.has(name); });
  return overridden ? "override" : "";
}

}  // namespace

std::string cache_key(const Request& request) {
  std::string key;
  for (const std::string_view name : {"X-Forwarded-Proto", "X-Forwarded-Host", "Host"}) {
    key.append(lower(request.headers.find(name).value_or(""))).push_back('\n');
  }
  return key.append(request.target);
}

Question question_of(const Request& request) {
  Question question{.bypass = why_bypassed(request)};
  if (!question.bypass.empty()) return question;
  question.key = cache_key(request);
  question.says = cache_control_of(request.headers);
  question.authorized = request.headers.has("Authorization");
  question.personal = request.headers.has("Cookie");
  return question;
}

}  // namespace standin
