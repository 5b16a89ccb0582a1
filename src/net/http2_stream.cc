#include "net/http2_stream.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "base/text.h"
#include "net/asio_clock.h"
#include "net/grammar.h"
#include "net/head.h"
#include "net/net_limits.h"

namespace standin {
namespace {

nghttp2_nv header(std::string_view name, std::string_view value) {
  // They are copied, and names made lower-case, by whoever takes them.
  const auto bytes = [](std::string_view text) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

/// A head as the frames want it, as long as the response lives.
class HeaderBlock {
 public:
  HeaderBlock(const Response& response, Length length) {
    std::to_chars(status_, status_ + sizeof status_, response.status);
    fields_.reserve(response.headers.size() + 2);
    fields_.push_back(header(":status", {status_, sizeof status_}));
    each_field(response, length, [this](std::string_view name, std::string_view value) { add(name, value); });
  }
  const nghttp2_nv* data() const { return fields_.data(); }
  std::size_t size() const { return fields_.size(); }

 private:
  void add(std::string_view name, std::string_view value) {
    // The only value that is not the response's own is the length of its body.
    if (equal_ignoring_case(name, "Content-Length")) value = length_ = value;
    fields_.push_back(header(name, value));
  }

  char status_[3] = {};
  std::string length_;
  std::vector<nghttp2_nv> fields_;
};

bool has_no_body(int status) { return status == 204 || status == 304; }

std::optional<std::uint64_t> length_as_stated(const Response& response) {
  const auto stated = response.headers.find("Content-Length");
  return stated ? grammar::decimal(*stated) : std::nullopt;
}

ssize_t take_body(nghttp2_session*, std::int32_t, std::uint8_t* room, std::size_t size, std::uint32_t* flags,
                  nghttp2_data_source* source, void*) {
  bool last = false;
  const auto count = static_cast<Http2Stream*>(source->ptr)->take({room, size}, last);
  if (last) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return count ? static_cast<ssize_t>(*count) : NGHTTP2_ERR_DEFERRED;
}

}  // namespace

Http2Stream::Http2Stream(std::shared_ptr<Http2Wire> wire, std::shared_ptr<const Client> connection, std::int32_t id)
    : wire_(std::move(wire)), connection_(std::move(connection)), id_(id), begun_(steady_now()) {}

/// Who does not read the ones before is not told this one.
void Http2Stream::interim(const Response& response) const {
  nghttp2_session* const frames = wire_->frames;
  if (frames == nullptr || closed_ || answered_) return;
  if (nghttp2_session_get_outbound_queue_size(frames) > limits::http2_streams) return;
  const HeaderBlock block(response, Length::as_stated);
  nghttp2_submit_headers(frames, NGHTTP2_FLAG_NONE, id_, nullptr, block.data(), block.size(), nullptr);
  wire_->wake();
}

Instant Http2Stream::due() const { return std::min({whole_by, taken_by_, body ? body->due() : Instant::max()}); }

void Http2Stream::answer(Reply reply) {
  reply_ = std::move(reply);
  answered_ = true;
  Response& response = reply_.response;
  ensure(response.status >= 200 && response.status <= 999, "an answer has a final status");
  if (closed_) return end("client");
  if (response.status == client_left.status && body && body->failure()) return break_off("client");
  if (to_head || has_no_body(response.status)) response.rest.reset();
  if (response.rest) stated_ = length_as_stated(response);
  submit();
}

void Http2Stream::submit() {
  const Response& response = reply_.response;
  const bool pieces = response.rest != nullptr;
  const Length of_pieces = stated_ ? Length::as_stated : Length::chunked;
  const HeaderBlock block(response, pieces ? of_pieces : to_head ? Length::as_stated : Length::of_body);
  const bool bodiless = to_head || has_no_body(response.status) || (response.body.empty() && !pieces);
  const nghttp2_data_provider body_of_this{.source = {.ptr = this}, .read_callback = take_body};
  nghttp2_submit_response(wire_->frames, id_, block.data(), block.size(), bodiless ? nullptr : &body_of_this);
  last_ = !pieces;
  if (!bodiless) offer(response.body);
  taken_by_ = steady_now() + limits::answer_write;
  wire_->wake();
}

/// An answer that broke off is not ended as a whole one would be.
Task<> Http2Stream::pass_on() {
  while (!last_ && !broken_) {
    if (!piece_.empty()) {
      co_await bell_.wait();
      continue;
    }
    const auto next = co_await reply_.response.rest->next();
    if (broken_) break;
    if (!next) {
      break_off(body && body->failure() ? "client" : "upstream");
      break;
    }
    last_ = next->empty();
    offer(*next);
    nghttp2_session_resume_data(wire_->frames, id_);
    wire_->wake();
  }
  reply_.response.rest.reset();
}

/// Of a body whose length is stated, neither more goes out nor less.
void Http2Stream::offer(std::string_view piece) {
  if (stated_ && (piece.size() > *stated_ - sent_ || (last_ && sent_ < *stated_))) return break_off("upstream");
  piece_ = piece;
  taken_by_ = steady_now() + limits::answer_write;
}

std::optional<std::size_t> Http2Stream::take(std::span<std::uint8_t> room, bool& last) {
  if (broken_ || (piece_.empty() && !last_)) return std::nullopt;
  const std::size_t count = piece_.copy(reinterpret_cast<char*>(room.data()), room.size());
  piece_.remove_prefix(count);
  sent_ += count;
  taken_by_ = piece_.empty() ? Instant::max() : steady_now() + limits::answer_write;
  last = last_ && piece_.empty();
  if (last) end_with_this();
  if (piece_.empty()) bell_.ring();
  return count;
}

void Http2Stream::end_with_this() {
  all_taken_ = true;
  wire_->ending.push_back(shared_from_this());
}

bool Http2Stream::add_field(std::string_view name, std::string_view value, std::size_t bytes_max) {
  if (head) return head->add(name, value);
  trailer_bytes_ += name.size() + value.size();
  return trailer_bytes_ <= bytes_max;
}

std::move_only_function<void()> Http2Stream::written() {
  taken_by_ = Instant::max();
  end("");
  if (body && !body->complete()) {
    reset(NGHTTP2_NO_ERROR);
    body->fail(client_left);
  }
  return std::move(reply_.undelivered);
}

void Http2Stream::not_written(std::string_view cut) {
  broken_ = true;
  end(cut);
}

void Http2Stream::close(std::string_view cut) {
  if (std::exchange(closed_, true)) return;
  if (!all_taken_) broken_ = true;
  if (broken_ && answered_) end(cut);
  if (body) body->fail(client_left);
  bell_.ring();
}

void Http2Stream::reset(std::uint32_t code) {
  if (closed_ || wire_->frames == nullptr) return;
  reset_by_us_ = true;
  nghttp2_submit_rst_stream(wire_->frames, NGHTTP2_FLAG_NONE, id_, code);
  wire_->wake();
}

/// It does not send what is waited for, or does not take our answer.
void Http2Stream::give_up() {
  const bool too_slow_to_send = body && body->due() <= taken_by_;
  if (too_slow_to_send) return body->fail({408, "the request did not arrive in time"});
  taken_by_ = Instant::max();
  reset(NGHTTP2_CANCEL);
  not_written("client");
  bell_.ring();
}

void Http2Stream::break_off(std::string_view cut) {
  reset(NGHTTP2_INTERNAL_ERROR);
  taken_by_ = Instant::max();
  not_written(cut);
}

/// `cut`: as StreamEnd's.
void Http2Stream::end(std::string_view cut) {
  if (std::exchange(ended_, true)) return;
  if (!cut.empty() && reply_.undelivered) reply_.undelivered();
  if (reply_.ended) reply_.ended({.received = body ? body->bytes() : 0, .sent = sent_, .cut = cut});
}

}  // namespace standin
