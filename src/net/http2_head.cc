#include "net/http2_head.h"

#include <string>
#include <utility>

#include "base/text.h"
#include "net/grammar.h"
#include "net/message_reader.h"
#include "net/net_limits.h"

namespace standin {
namespace {

/// RFC 9113, 6.5.2: what a field counts besides its bytes.
constexpr std::size_t field_overhead = 32;

constexpr FramingRefusal head_too_large{431, "the head is too large"};

}  // namespace

struct Http2Head::Impl : MessageReader {
  explicit Impl(std::size_t bytes_max) : MessageReader(bytes_max, 0) {}

  void add_any(std::string_view name, std::string_view value) {
    if (name.starts_with(':')) return add_pseudo(name.substr(1), value);
    // A client may send each of its cookies as a field of its own (RFC 9113, 8.2.3).
    if (name == "cookie" && grammar::field_value(value)) {
      cookies.append(cookies.empty() ? "" : "; ").append(value);
      return;
    }
    if (value != grammar::without_blanks(value)) refuse(malformed_field);
    if (add(name, value) == Reading::refused) refuse(refusal);
  }

  void add_pseudo(std::string_view name, std::string_view value) {
    if (name == "method") method = value;
    if (name == "scheme") scheme = value;
    if (name == "authority") authority = value;
    if (name == "path") target = value;
  }

  void check() {
    if (!grammar::method(method)) refuse({400, "malformed method"});
    // The one makes a tunnel of the connection, the other would tell what was added for the upstream alone.
    if (method == "CONNECT" || method == "TRACE") refuse({501, "the method is not served"});
    if (!equal_ignoring_case(scheme, "http") && !equal_ignoring_case(scheme, "https")) refuse({400, "unknown scheme"});
    if (!grammar::target(target)) refuse({400, "malformed request target"});
    const bool to_all = target == "*" && method == "OPTIONS";
    if (!target.starts_with('/') && !to_all) refuse({400, "the request target must be a path"});
    check_host();
    if (lengths > 1) refuse({400, "repeated Content-Length"});
    if (disguised) refuse({400, "a framing field's name is written with an underscore"});
    // They mean something on a connection of HTTP/1.1 (RFC 9113, 8.2.2).
    if (framing.chunked || !connection.empty() || !upgrade.empty()) refuse({400, "a field of another version of HTTP"});
    if (!expect.empty() && !equal_ignoring_case(expect, "100-continue")) refuse({417, "unknown expectation"});
  }

  void check_host() {
    const auto host = headers.find("Host");
    const bool differ = host && !authority.empty() && !equal_ignoring_case(*host, authority);
    if (differ) refuse({400, "the authority and Host differ"});
    if (hosts == 0 && !authority.empty()) headers.add("Host", authority);
    if (hosts > 1 || !headers.has("Host")) refuse({400, "exactly one host is required"});
    if (!grammar::authority(headers.find("Host").value_or("?"))) refuse({400, "malformed host"});
  }

  /// The first reason stands.
  void refuse(FramingRefusal why) {
    if (!refused) refusal = why;
    refused = true;
  }

  bool refused = false;
  std::size_t bytes = 0, fields = 0;
  std::string method, scheme, authority, target, cookies;
};

Http2Head::Http2Head(std::size_t bytes_max) : impl_(std::make_unique<Impl>(bytes_max)) {}
Http2Head::~Http2Head() = default;

bool Http2Head::add(std::string_view name, std::string_view value) {
  impl_->bytes += name.size() + value.size() + field_overhead;
  if (impl_->bytes > impl_->head_max) impl_->refuse(head_too_large);
  if (++impl_->fields > limits::header_fields) impl_->refuse({431, "too many header fields"});
  if (!impl_->refused) impl_->add_any(name, value);
  return impl_->bytes <= limits::http2_head_parts * impl_->head_max;
}

void Http2Head::add_malformed() { impl_->refuse(malformed_field); }

std::expected<Request, FramingRefusal> Http2Head::finish() {
  Impl& impl = *impl_;
  if (!impl.refused) impl.check();
  if (impl.refused) return std::unexpected(impl.refusal);
  if (!impl.cookies.empty()) impl.headers.add("cookie", impl.cookies);
  return Request{.method = std::move(impl.method),
                 .target = std::move(impl.target),
                 .headers = std::move(impl.headers),
                 .body = {}};
}

std::optional<std::uint64_t> Http2Head::body_length() const {
  return impl_->lengths == 0 ? std::nullopt : std::optional(impl_->framing.length);
}

bool Http2Head::wants_continue() const { return !impl_->expect.empty(); }

}  // namespace standin
