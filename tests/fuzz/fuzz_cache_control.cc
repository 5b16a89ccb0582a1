#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "cache/fallback_files.h"
#include "cache/kept_answer.h"

// Any bytes as the fields that decide what may be kept and given out, and as a path of the fallback folder.

namespace standin {
namespace {

/// "Name: value" lines.
Headers fields_of(std::string_view text) {
  Headers headers;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos) headers.add(line.substr(0, colon), line.substr(colon + 1));
  }
  return headers;
}

bool none_negative(const Terms& terms) {
  const Duration none = Duration::zero();
  return terms.age >= none && terms.lifetime >= none && terms.stale_while_revalidate >= none &&
         terms.stale_if_error >= none;
}

void check_answer(const Headers& request, const Headers& fields) {
  const Response answer{.status = 200, .headers = fields};
  const Request asked{.method = "GET", .target = "/", .headers = request};
  const CacheControl says = cache_control_of(fields);
  const auto terms = terms_of(question_of(asked), answer, {}, Duration::zero(), WallTime());
  ensure(!terms || (!says.no_store && !says.is_private && !fields.has("Set-Cookie")),
         "what is not for all is not kept");
  ensure(!terms || none_negative(*terms), "no time is negative");
  const auto varying = varying_of(request, fields);
  ensure(!varying || matches(*varying, request), "an answer suits the request that it was given to");
  if (!terms || !varying) return;
  const auto kept = keep(answer, *terms, *varying, Instant(), WallTime());
  const bool fresh = use_of(*kept, {}, Instant()) == Use::fresh;
  ensure(!fresh || terms->age < terms->lifetime, "nothing is fresh beyond its lifetime");
  if (says.must_revalidate || says.no_cache) {
    ensure(!usable_on_error(*kept, Instant(terms->lifetime)), "what must be validated is never given stale");
  }
  static_cast<void>(client_has_it(request, fields));
}

void check_path(std::string_view path) {
  const auto segments = file_path(path);
  if (!segments) return;
  for (const std::string& segment : *segments) {
    ensure(!segment.empty() && segment.front() != '.', "neither hidden nor above");
    ensure(segment.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos, "one name");
  }
}

}  // namespace
}  // namespace standin

/// Fields of the request, an empty line, fields of the answer; all of it also as a path.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace standin;
  if (size > 4096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t empty_line = std::min(text.find("\n\n"), text.size());
  check_answer(fields_of(text.substr(0, empty_line)), fields_of(text.substr(empty_line)));
  check_path(text);
  return 0;
}
