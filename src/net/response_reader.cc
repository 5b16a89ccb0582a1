#include <optional>
#include <utility>

#include "base/text.h"
#include "net/grammar.h"
#include "net/head.h"
#include "net/message_reader.h"
#include "net/reader.h"

namespace standin {

struct ResponseReader::Impl : MessageReader {
  Impl(std::size_t head, std::size_t body, AnswerTo what) : MessageReader(head, body), to(what) {}

  void restart() { *this = Impl(head_max, body_max, to); }

  Reading read_head(std::string_view& input) {
    while (!body_reader) {
      const auto line = lines.take_folded(input);
      if (!fits(line ? line->text.size() : input.size())) return refuse({502, "the answer's head is too large"});
      if (!line) return Reading::more;
      head_left -= line->text.size();
      if (take_line(unfolded(*line)) == Reading::refused) return Reading::refused;
    }
    return Reading::complete;
  }

  /// One line without its end, which may be a bare LF: an approval that is plain to read must not become unknown.
  std::string_view unfolded(const LineScan::Folded& line) {
    const std::string_view text = without_end(line.text);
    if (!line.several) return text;
    unfolded_.clear();
    for (const std::string_view part : split(text, '\n')) {
      unfolded_.append(unfolded_.empty() ? "" : " ").append(grammar::without_blanks(without_end(part)));
    }
    return unfolded_;
  }

  static std::string_view without_end(std::string_view line) {
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

  Reading take_line(std::string_view line) {
    if (version == 0) return line.empty() ? Reading::more : take_status_line(line);
    if (line.empty()) return check_head();
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return refuse(malformed_field);
    return add_field(line, grammar::without_blanks(line.substr(0, colon)));
  }

  /// "HTTP/1.1 200 OK"; with nothing after the status from some, though RFC 9112 (4) wants a space.
  Reading take_status_line(std::string_view line) {
    constexpr FramingRefusal malformed{502, "malformed status line"};
    const auto spoken = version_of(line.substr(0, 8));
    const auto code = grammar::decimal(line.size() < 12 ? "" : line.substr(9, 3));
    if (!spoken || !code || line[8] != ' ' || *code < 100) return refuse(malformed);
    if ((line.size() > 12 && line[12] != ' ') || !grammar::field_value(line)) return refuse(malformed);
    version = *spoken;
    status = static_cast<int>(*code);
    return Reading::more;
  }

  Reading check_head() {
    if (status == 101 && !to.upgrade) return refuse({502, "the answer switches protocols"});
    if (framing.chunked && lengths > 0) return refuse(two_lengths);
    const bool bodiless = to.head || status < 200 || status == 204 || status == 304;
    const bool to_end = !bodiless && !framing.chunked && lengths == 0;
    if (bodiless) framing = {};
    framing.to_end = to_end || status == 101;
    framing.forgiving = true;
    accept_head();
    if (status == 100) restart();
    return Reading::complete;
  }

  bool interim() const { return body_reader && status < 200 && status != 101; }

  AnswerTo to;
  int status = 0;
  std::string unfolded_;
};

ResponseReader::ResponseReader(std::size_t head_bytes_max, std::size_t body_bytes_max, AnswerTo to)
    : impl_(std::make_unique<Impl>(head_bytes_max, body_bytes_max, to)) {}
ResponseReader::ResponseReader(ResponseReader&& other) noexcept = default;
ResponseReader::~ResponseReader() = default;

Reading ResponseReader::read(std::string_view& input) {
  while (!impl_->body_reader) {
    const Reading head = impl_->read_head(input);
    if (head != Reading::complete) return head;
    if (!impl_->interim()) break;
    if (impl_->to.interim) return Reading::interim;
    impl_->restart();
  }
  return impl_->read_body(input);
}

Reading ResponseReader::finish() {
  const bool whole = impl_->body_reader && impl_->body_reader->finish();
  return whole ? Reading::complete : impl_->refuse({502, "the answer is cut short"});
}

const FramingRefusal& ResponseReader::refusal() const { return impl_->refusal; }
bool ResponseReader::head_done() const { return impl_->body_reader && !impl_->interim(); }

bool ResponseReader::keep_alive() const {
  if (impl_->framing.to_end || lists(impl_->connection, "close")) return false;
  return impl_->version == 11 || lists(impl_->connection, "keep-alive");
}

std::optional<std::uint64_t> ResponseReader::body_length() const { return impl_->body_length(); }
std::string_view ResponseReader::upgrade() const { return impl_->upgrade; }

Response ResponseReader::take() {
  const bool more_to_come = impl_->interim();
  Response response = take_head();
  if (more_to_come) impl_->restart();
  return response;
}

Response ResponseReader::take_head() {
  return {.status = impl_->status,
          .headers = std::move(impl_->headers),
          .body = std::move(impl_->body),
          .ends_with_connection = impl_->framing.to_end};
}

Reading ResponseReader::read_piece(std::string_view& input, std::string_view& piece) {
  return impl_->read_piece(input, piece);
}

}  // namespace standin
