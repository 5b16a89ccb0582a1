#include <optional>
#include <utility>

#include "base/text.h"
#include "net/grammar.h"
#include "net/head.h"
#include "net/message_reader.h"
#include "net/net_limits.h"
#include "net/reader.h"

namespace standin {
namespace {

constexpr FramingRefusal malformed_request_line{400, "malformed request line"};

bool some_version(std::string_view text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return text.size() == 8 && text.starts_with("HTTP/") && digit(text[5]) && text[6] == '.' && digit(text[7]);
}

}  // namespace

struct RequestReader::Impl : MessageReader {
  using MessageReader::MessageReader;

  Reading read_head(std::string_view& input) {
    if (version == 0) skip_empty_lines(input);
    while (!body_reader) {
      if (version == 0 && input == "\r") return Reading::more;
      const bool plausible = version != 0 || may_begin(input);
      const auto line = lines.take(input);
      if (!fits(line ? line->size() : input.size())) return refuse({431, "the head is too large"});
      if (!plausible) return refuse(malformed_request_line);
      if (!line) return Reading::more;
      head_left -= line->size();
      if (!line->ends_with("\r\n")) return refuse({400, "a line ends without CR"});
      if (take_line(line->substr(0, line->size() - 2)) == Reading::refused) return Reading::refused;
    }
    return Reading::complete;
  }

  /// They are what some clients send after the request before (RFC 9112, 2.2).
  void skip_empty_lines(std::string_view& input) {
    while (input.starts_with("\r\n") && fits(2)) {
      input.remove_prefix(2);
      head_left -= 2;
    }
  }

  /// Told from the first byte, so that who speaks another protocol is not waited for.
  static bool may_begin(std::string_view input) { return input.empty() || grammar::method(input.substr(0, 1)); }

  Reading take_line(std::string_view line) {
    if (version == 0) return take_request_line(line);
    if (line.empty()) return check_head();
    if (line.starts_with(' ') || line.starts_with('\t')) {
      return refuse({400, "a header field is folded over lines"});
    }
    if (++fields > limits::header_fields) return refuse({431, "too many header fields"});
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return refuse(malformed_field);
    return add_field(line, line.substr(0, colon));
  }

  Reading take_request_line(std::string_view line) {
    const std::size_t method_end = line.find(' ');
    const std::size_t target_end = line.rfind(' ');
    if (method_end == target_end) return refuse(malformed_request_line);
    method = line.substr(0, method_end);
    target = line.substr(method_end + 1, target_end - method_end - 1);
    const std::string_view version_text = line.substr(target_end + 1);
    if (!grammar::method(method) || !some_version(version_text)) return refuse(malformed_request_line);
    if (!grammar::target(target)) return refuse({400, "malformed request target"});
    version = version_of(version_text).value_or(0);
    if (version == 0) return refuse({505, "HTTP/1.1 is spoken here"});
    // The one makes a tunnel of the connection, the other would tell what was added for the upstream alone.
    if (method == "CONNECT" || method == "TRACE") return refuse({501, "the method is not served"});
    return Reading::more;
  }

  Reading check_head() {
    if (hosts > 1 || (hosts == 0 && version == 11)) return refuse({400, "exactly one Host field is required"});
    const auto host = headers.find("Host");
    if (host && !host->empty() && !grammar::authority(*host)) return refuse({400, "malformed Host"});
    if (lengths > 1) return refuse({400, "repeated Content-Length"});
    if (disguised) return refuse({400, "a framing field's name is written with an underscore"});
    if (framing.chunked && lengths > 0) return refuse(two_lengths);
    if (framing.chunked && version < 11) return refuse({400, "Transfer-Encoding in HTTP/1.0"});
    if (!expect.empty() && !equal_ignoring_case(expect, "100-continue")) return refuse({417, "unknown expectation"});
    return resolve_target() == Reading::refused ? Reading::refused : accept_head();
  }

  Reading resolve_target() {
    if (target.starts_with('/') || (target == "*" && method == "OPTIONS")) return Reading::more;
    for (const std::string_view scheme : {"http://", "https://"}) {
      if (equal_ignoring_case(std::string_view(target).substr(0, scheme.size()), scheme)) {
        return resolve_absolute(std::string_view(target).substr(scheme.size()));
      }
    }
    return refuse({400, "the request target must be a path"});
  }

  /// "shop.example/path" of an absolute target (RFC 9112, 3.2.2): the path goes on, as from any other client.
  Reading resolve_absolute(std::string_view rest) {
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
    if (!grammar::authority(authority)) return refuse({400, "malformed request target"});
    const auto host = headers.find("Host");
    if (host && !equal_ignoring_case(*host, authority)) return refuse({400, "the target and Host differ"});
    if (!host) headers.add("Host", authority);
    const std::string_view path = rest.substr(authority.size());
    const std::string_view before = path.starts_with('/') ? "" : method == "OPTIONS" && path.empty() ? "*" : "/";
    target = std::string(before).append(path);
    return Reading::more;
  }

  std::size_t fields = 0;
  std::string method, target;
};

RequestReader::RequestReader(std::size_t head_bytes_max, std::size_t body_bytes_max)
    : head_max_(head_bytes_max), body_max_(body_bytes_max) {}
RequestReader::~RequestReader() = default;

Reading RequestReader::read(std::string_view& input) {
  if (!impl_) impl_ = std::make_unique<Impl>(head_max_, body_max_);
  const Reading head = head_done() ? Reading::complete : impl_->read_head(input);
  return head == Reading::complete ? impl_->read_body(input) : head;
}

const FramingRefusal& RequestReader::refusal() const { return impl_->refusal; }
bool RequestReader::begun() const { return impl_ && impl_->version != 0; }
bool RequestReader::head_done() const { return impl_ && impl_->body_reader; }
bool RequestReader::wants_continue() const {
  return head_done() && !impl_->expect.empty() && http_1_1() && !impl_->body_reader->complete();
}
bool RequestReader::keep_alive() const { return http_1_1() && !lists(impl_->connection, "close"); }
bool RequestReader::http_1_1() const { return impl_->version == 11; }
std::optional<std::uint64_t> RequestReader::body_length() const { return impl_->body_length(); }

std::string_view RequestReader::upgrade() const {
  const bool asked = http_1_1() && lists(impl_->connection, "upgrade") && lists(impl_->upgrade, "websocket");
  return asked && body_length() == 0 ? "websocket" : "";
}

void RequestReader::limit_body(std::uint64_t bytes_max) { impl_->body_reader->limit(bytes_max); }

Request RequestReader::take() {
  Request request = take_head();
  next();
  return request;
}

Request RequestReader::take_head() {
  return {.method = std::move(impl_->method),
          .target = std::move(impl_->target),
          .headers = std::move(impl_->headers),
          .body = std::move(impl_->body)};
}

Reading RequestReader::read_piece(std::string_view& input, std::string_view& piece) {
  return impl_->read_piece(input, piece);
}

void RequestReader::next() { impl_.reset(); }

}  // namespace standin
