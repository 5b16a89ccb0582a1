#include "cache/kept_answer.h"

#include <array>
#include <utility>

#include "base/text.h"
#include "cache/cache_limits.h"

namespace standin {
namespace {

/// Of one exchange alone, or worked out anew for each answer.
constexpr std::array<std::string_view, 6> of_one_exchange{
    "Age", "X-Request-Id", "Proxy-Authenticate", "Proxy-Authentication-Info", "Content-Length", "Connection"};
/// They describe the body, which a 304 does not have (RFC 9111, 3.2).
constexpr std::array<std::string_view, 4> of_the_body{"Content-Length", "Content-Encoding", "Content-Type",
                                                      "Content-Range"};

template <std::size_t count>
bool named_in(const std::array<std::string_view, count>& names, std::string_view name) {
  for (const std::string_view one : names) {
    if (equal_ignoring_case(one, name)) return true;
  }
  return false;
}

/// With a Date, which a cache has to add where the upstream gave none (RFC 9110, 6.6.1).
Headers kept_headers(const Headers& headers, std::size_t body_bytes, int status, WallTime wall) {
  Headers kept;
  for (const auto [name, value] : headers) {
    if (!named_in(of_one_exchange, name)) kept.add(name, value);
  }
  if (!kept.has("Date")) kept.add("Date", http_date(wall));
  if (status != 204) kept.add("Content-Length", std::to_string(body_bytes));
  return kept;
}

std::size_t text_bytes(const Headers& headers) {
  std::size_t bytes = 0;
  for (const auto [name, value] : headers) bytes += name.size() + value.size() + 4 * sizeof(std::uint32_t);
  return bytes;
}

/// `W/"x"` and `"x"` are `"x"`: what is kept is never put together from parts, so that the weak comparison does.
std::string_view opaque(std::string_view tag) {
  tag = trim(tag);
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  return tag;
}

/// Whether a list of entity tags, which may have commas in them, has one.
bool lists_tag(std::string_view list, std::string_view tag) {
  while (!list.empty()) {
    const std::size_t open = list.find('"');
    const std::size_t close = open == std::string_view::npos ? open : list.find('"', open + 1);
    if (close == std::string_view::npos) return false;
    if (list.substr(open, close - open + 1) == opaque(tag)) return true;
    list.remove_prefix(close + 1);
  }
  return false;
}

/// Whether the client's If-None-Match has the answer's tag; nothing if it sent none.
std::optional<bool> has_tag(const Headers& request, const Headers& answer) {
  std::optional<bool> has;
  const auto tag = answer.find("ETag");
  for (const auto [name, value] : request) {
    if (!equal_ignoring_case(name, "If-None-Match")) continue;
    has = has.value_or(false) || trim(value) == "*" || (tag && lists_tag(value, *tag));
  }
  return has;
}

}  // namespace

std::size_t KeptAnswer::bytes() const {
  std::size_t bytes = sizeof(KeptAnswer) + limits::cached_answer_overhead + body->capacity() + 2 * text_bytes(headers);
  for (const auto& [name, value] : varying)
    bytes += sizeof(Varying::value_type) + name.size() + (value ? value->size() : 0);
  return bytes;
}

std::shared_ptr<const KeptAnswer> keep(Response response, Terms terms, Varying varying, Instant arrived,
                                       WallTime wall) {
  auto kept = std::make_shared<KeptAnswer>();
  response.body.shrink_to_fit();
  kept->status = response.status;
  kept->headers = kept_headers(response.headers, response.body.size(), response.status, wall);
  kept->body = std::make_shared<const std::string>(std::move(response.body));
  kept->terms = terms;
  kept->varying = std::move(varying);
  kept->arrived = arrived;
  return kept;
}

Response head_after(const KeptAnswer& kept, const Response& not_modified) {
  Response head{.status = kept.status, .headers = kept.headers};
  for (const auto [name, value] : not_modified.headers) {
    if (!named_in(of_the_body, name)) head.headers.remove(name);
  }
  for (const auto [name, value] : not_modified.headers) {
    if (!named_in(of_the_body, name)) head.headers.add(name, value);
  }
  return head;
}

std::shared_ptr<const KeptAnswer> freshened(const KeptAnswer& kept, const Response& not_modified, Terms terms,
                                            Instant arrived, WallTime wall) {
  auto fresh = std::make_shared<KeptAnswer>();
  fresh->status = kept.status;
  fresh->headers = kept_headers(head_after(kept, not_modified).headers, kept.body->size(), kept.status, wall);
  fresh->body = kept.body;
  fresh->terms = terms;
  fresh->varying = kept.varying;
  fresh->arrived = arrived;
  return fresh;
}

bool speaks_of(const Response& not_modified, const KeptAnswer& kept) {
  const auto tag = not_modified.headers.find("ETag");
  const auto ours = kept.headers.find("ETag");
  if (tag) return ours && opaque(*tag) == opaque(*ours);
  const auto changed = not_modified.headers.find("Last-Modified");
  const auto known = kept.headers.find("Last-Modified");
  return !changed || !known || *changed == *known;
}

void remove_conditions(Headers& request) {
  request.remove("If-None-Match");
  request.remove("If-Modified-Since");
}

void make_conditional(Headers& request, const KeptAnswer& kept) {
  remove_conditions(request);
  if (const auto tag = kept.headers.find("ETag")) request.add("If-None-Match", *tag);
  if (const auto changed = kept.headers.find("Last-Modified")) request.add("If-Modified-Since", *changed);
}

bool client_has_it(const Headers& request, const Headers& answer) {
  if (const auto has = has_tag(request, answer)) return *has;
  const auto since = read_http_date(request.find("If-Modified-Since").value_or(""));
  const auto changed = read_http_date(answer.find("Last-Modified").value_or(""));
  return since && changed && *changed <= *since;
}

}  // namespace standin
