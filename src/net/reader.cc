#include "net/reader.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <optional>
#include <utility>

#include "base/text.h"
#include "net/head.h"
#include "net/head_scan.h"
#include "net/net_limits.h"

namespace standin {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using BeastView = boost::beast::string_view;

std::string_view view(BeastView text) { return {text.data(), text.size()}; }

bool digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// What Beast's parser reports, kept in our own flat headers, with the checks that it leaves to its user.
template <bool isRequest>
class Message final : public http::basic_parser<isRequest> {
 public:
  Message(std::size_t head_max, std::size_t body_max) : extensions_left_(head_max) {
    this->header_limit(static_cast<std::uint32_t>(head_max) + 64);
    this->body_limit(body_max);
    this->eager(true);
  }

  std::string method, target;
  int status = 0;
  int version = 0;
  Headers headers;
  std::string body;
  bool head_done = false;
  bool chunk_begun = false;
  bool expects_continue = false;
  int hosts = 0;

 private:
  static void refuse(error_code& ec) { ec = http::error::bad_field; }

  void on_request_impl(http::verb, BeastView verb, BeastView wanted, int http_version, error_code&) override {
    method = view(verb);
    target = view(wanted);
    version = http_version;
  }

  void on_response_impl(int code, BeastView, int http_version, error_code& ec) override {
    status = code;
    version = http_version;
    if (code < 100) ec = http::error::bad_status;
  }

  void on_field_impl(http::field field, BeastView beast_name, BeastView beast_value, error_code& ec) override {
    if (head_done) return;  // a trailer: read past, never merged into the head
    const std::string_view name = view(beast_name);
    const std::string_view value = view(beast_value);
    switch (field) {
      case http::field::transfer_encoding: return check_encoding(value, ec);
      case http::field::content_length: return add_length(name, value, ec);
      case http::field::connection: return keep_named(value);
      case http::field::host: ++hosts; break;
      case http::field::expect: expects_continue = equal_ignoring_case(value, "100-continue"); return;
      default: break;
    }
    if (!hop_by_hop(name)) headers.add(name, value);
  }

  /// Beast frames by the last coding it knows; anything but one plain `chunked` hides a second message in the first.
  void check_encoding(std::string_view value, error_code& ec) {
    const bool too_old = isRequest && version < 11;
    if (++encodings_ > 1 || lengths_ > 0 || too_old || !equal_ignoring_case(value, "chunked")) refuse(ec);
  }

  void add_length(std::string_view name, std::string_view value, error_code& ec) {
    if (encodings_ > 0 || !digits(value)) return refuse(ec);
    if (++lengths_ == 1) return headers.add(name, value);
    if (isRequest) refuse(ec);  // from an upstream, a repeated equal one is harmless, and Beast compares them
  }

  void keep_named(std::string_view value) {
    if (!named_.empty()) named_.push_back(',');
    named_.append(value);
  }

  void on_header_impl(error_code&) override {
    head_done = true;
    for (const std::string_view listed : split(named_, ',')) {
      const std::string_view name = trim(listed);
      const bool ours = equal_ignoring_case(name, "Host") || equal_ignoring_case(name, "Content-Length");
      if (!named_.empty() && !ours) headers.remove(name);
    }
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    if (length) body.reserve(std::min<std::size_t>(*length, limits::receive_buffer));
  }

  std::size_t on_body_impl(BeastView piece, error_code&) override {
    body.append(piece.data(), piece.size());
    return piece.size();
  }

  void on_chunk_header_impl(std::uint64_t, BeastView extensions, error_code& ec) override {
    chunk_begun = true;
    if (extensions.size() > extensions_left_) {
      ec = http::error::bad_chunk_extension;
      return;
    }
    extensions_left_ -= extensions.size();
  }

  std::size_t on_chunk_body_impl(std::uint64_t, BeastView piece, error_code&) override {
    body.append(piece.data(), piece.size());
    return piece.size();
  }

  void on_finish_impl(error_code&) override {}

  std::size_t extensions_left_;
  int encodings_ = 0;
  int lengths_ = 0;
  std::string named_;
};

FramingRefusal refusal_of(const error_code& ec) {
  if (ec == http::error::body_limit) return {413, "the body is too large"};
  if (ec == http::error::header_limit) return {431, "the head is too large"};
  if (ec == http::error::bad_chunk || ec == http::error::bad_chunk_extension) return {400, "malformed chunk"};
  if (ec == http::error::bad_target) return {400, "malformed request target"};
  if (ec == http::error::bad_method || ec == http::error::bad_version) return {400, "malformed request line"};
  return {400, "malformed header field or framing"};
}

/// The part that reading requests and responses share.
template <bool isRequest>
struct Engine {
  Engine(std::size_t head, std::size_t body) : head_max(head), body_max(body) { restart(); }

  void restart() {
    message.emplace(head_max, body_max);
    scan = {};
  }

  Reading refuse(FramingRefusal why) {
    refusal = why;
    return Reading::refused;
  }

  /// Empty lines before a message are what some clients send after the one before (RFC 9112, 2.2).
  static void skip_empty_lines(std::string_view& input) {
    while (input.starts_with("\r\n")) input.remove_prefix(2);
  }

  /// True when the head's end is in `input`; refused by `too_long` if it is too far away.
  bool find_head(std::string_view& input, bool& too_long) {
    skip_empty_lines(input);
    if (input == "\r") return false;
    const bool found = scan.scan(input);
    too_long = (found ? scan.size() : input.size()) > head_max;
    return found && !too_long;
  }

  Reading parse_head(std::string_view head) {
    while (!head.empty() && !message->is_header_done()) {
      error_code ec;
      const std::size_t taken = message->put(boost::asio::buffer(head.data(), head.size()), ec);
      head.remove_prefix(taken);
      if (ec && (ec != http::error::need_more || taken == 0)) return refuse(refusal_of(ec));
    }
    return message->is_done() ? Reading::complete : Reading::more;
  }

  /// Beast asserts, wrongly, that an empty chunked body is never offered in pieces: no chunked body is shorter than
  /// this.
  static constexpr std::size_t shortest_chunked_body = std::string_view("0\r\n\r\n").size();

  Reading parse_body(std::string_view& input) {
    if (message->chunked() && !message->is_done() && !message->chunk_begun && input.size() < shortest_chunked_body) {
      return Reading::more;
    }
    while (!message->is_done() && !input.empty()) {
      error_code ec;
      const std::size_t taken = message->put(boost::asio::buffer(input.data(), input.size()), ec);
      input.remove_prefix(taken);
      if (ec == http::error::need_more || (!ec && taken == 0)) {
        if (input.size() > limits::chunk_line) return refuse({400, "a chunk's line or the trailers are too long"});
        return Reading::more;
      }
      if (ec) return refuse(refusal_of(ec));
    }
    return message->is_done() ? Reading::complete : Reading::more;
  }

  const std::size_t head_max;
  const std::size_t body_max;
  std::optional<Message<isRequest>> message;
  HeadScan scan;
  FramingRefusal refusal;
};

}  // namespace

struct RequestReader::Impl : Engine<true> {
  using Engine::Engine;

  Reading read_head(std::string_view& input) {
    bool too_long = false;
    const bool found = find_head(input, too_long);
    if (too_long) return refuse({431, "the head is too large"});
    if (scan.bare_line_feed()) return refuse({400, "a line ends without CR"});
    if (scan.folded()) return refuse({400, "a header field is folded over lines"});
    if (!found) return Reading::more;
    const Reading reading = parse_head(input.substr(0, scan.size()));
    input.remove_prefix(scan.size());
    return reading == Reading::refused ? reading : check_head(reading);
  }

  Reading check_head(Reading reading) {
    if (message->hosts > 1 || (message->hosts == 0 && message->version == 11)) {
      return refuse({400, "exactly one Host field is required"});
    }
    if (!message->target.starts_with('/') && message->target != "*") {
      return refuse({400, "the request target must be a path"});
    }
    return reading;
  }
};

RequestReader::RequestReader(std::size_t head_bytes_max, std::size_t body_bytes_max)
    : impl_(std::make_unique<Impl>(head_bytes_max, body_bytes_max)) {}
RequestReader::~RequestReader() = default;

Reading RequestReader::read(std::string_view& input) {
  if (!impl_->message->head_done) {
    const Reading head = impl_->read_head(input);
    if (head != Reading::more || !impl_->message->head_done) return head;
  }
  return impl_->parse_body(input);
}

const FramingRefusal& RequestReader::refusal() const { return impl_->refusal; }
bool RequestReader::wants_continue() const {
  const auto& message = *impl_->message;
  return message.head_done && message.expects_continue && message.version == 11 && !message.is_done();
}
bool RequestReader::keep_alive() const { return impl_->message->version == 11 && impl_->message->keep_alive(); }

Request RequestReader::take() {
  auto& message = *impl_->message;
  Request request{.method = std::move(message.method),
                  .target = std::move(message.target),
                  .headers = std::move(message.headers),
                  .body = std::move(message.body)};
  impl_->restart();
  return request;
}

struct ResponseReader::Impl : Engine<false> {
  Impl(std::size_t head, std::size_t body, bool head_request) : Engine(head, body), to_head_request(head_request) {
    message->skip(to_head_request);
  }

  Reading read_head(std::string_view& input) {
    bool too_long = false;
    const bool found = find_head(input, too_long);
    if (too_long) return refuse({502, "the answer's head is too large"});
    if (!found) return Reading::more;
    const std::string_view head = input.substr(0, scan.size());
    input.remove_prefix(scan.size());
    const Reading reading = parse_head(head);
    if (reading != Reading::refused) return reading;
    message.emplace(head_max, body_max);
    message->skip(to_head_request);
    return parse_head(repaired_response_head(head));
  }

  bool interim() const { return message->head_done && message->status < 200; }

  Reading read(std::string_view& input) {
    while (!message->head_done) {
      const Reading head = read_head(input);
      if (head == Reading::refused || !message->head_done) return head;
      // 101 would turn the connection into something else, which no request of ours asks for.
      if (message->status == 101) return refuse({502, "the answer switches protocols"});
      if (!interim()) break;
      restart();
      message->skip(to_head_request);
    }
    return parse_body(input);
  }

  const bool to_head_request;
};

ResponseReader::ResponseReader(std::size_t head_bytes_max, std::size_t body_bytes_max, bool to_head_request)
    : impl_(std::make_unique<Impl>(head_bytes_max, body_bytes_max, to_head_request)) {}
ResponseReader::~ResponseReader() = default;

Reading ResponseReader::read(std::string_view& input) { return impl_->read(input); }

Reading ResponseReader::finish() {
  auto& message = *impl_->message;
  if (!message.head_done || !message.need_eof()) return impl_->refuse({502, "the answer is cut short"});
  error_code ec;
  message.put_eof(ec);
  return ec ? impl_->refuse(refusal_of(ec)) : Reading::complete;
}

const FramingRefusal& ResponseReader::refusal() const { return impl_->refusal; }
bool ResponseReader::keep_alive() const { return impl_->message->keep_alive(); }

Response ResponseReader::take() {
  auto& message = *impl_->message;
  return {.status = message.status, .headers = std::move(message.headers), .body = std::move(message.body)};
}

}  // namespace standin
