#include "net/http2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <utility>

#include "net/asio_clock.h"
#include "net/net_limits.h"
#include "net/session.h"

namespace standin {
namespace {

namespace asio = boost::asio;

constexpr FramingRefusal late_request{408, "the request did not arrive in time"};

}  // namespace

Task<ErrorCode> Http2Session::run() {
  greet();
  while (true) {
    feed();
    ErrorCode error = co_await flush();
    const bool finished = nghttp2_session_want_read(frames_.get()) == 0;
    if (error || finished) {
      over(error);
      co_return error;
    }
    if (!connection_->buffer().bytes().empty()) continue;
    set_deadline();
    if (!connection_->listening()) connection_->listen();
    error = co_await connection_->heard();
    look_at_time();
    // A read may also end because the deadline rang, or rang before it was moved.
    const bool rang = error == asio::error::timed_out || error == asio::error::operation_aborted;
    const bool ended = error && !connection_->listening() && !(rang && connection_->socket().is_open());
    if (ended) {
      over(error);
      co_return error;
    }
  }
}

Task<> Http2Session::settle() {
  while (!streams_.empty()) co_await settled_.wait();
}

/// Takes in what has been read.
void Http2Session::feed() {
  const std::string_view bytes = connection_->buffer().bytes();
  if (bytes.empty() || hostile_) return;
  unconfirmed_.clear();
  const auto taken =
      nghttp2_session_mem_recv(frames_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  connection_->buffer().consume(bytes.size());
  hostile_ = hostile_ || resets_ > limits::http2_resets || idle_frames_ > limits::http2_idle_frames;
  if (hostile_ || taken == NGHTTP2_ERR_FLOODED) {
    nghttp2_session_terminate_session(frames_.get(), NGHTTP2_ENHANCE_YOUR_CALM);
  } else if (taken < 0) {
    nghttp2_session_terminate_session(frames_.get(), NGHTTP2_PROTOCOL_ERROR);
  }
  hostile_ = hostile_ || taken < 0;
  start_handling();
}

/// Writes what there is to write. In between is read what the client sent, and before that nothing more is gathered
/// than one write takes.
Task<ErrorCode> Http2Session::flush() {
  while (true) {
    gather();
    if (out_.empty()) break;
    Outgoing out(out_, {});
    ErrorCode error = connection_->write_now(out);
    if (error == asio::error::would_block) {
      connection_->set_deadline(steady_now() + limits::answer_write);
      error = co_await connection_->write_rest(out);
    }
    out_.clear();
    if (error) co_return error;
    taken_by_connection();
    if (!connection_->buffer().bytes().empty()) break;
  }
  if (streams_.empty()) out_ = {};
  co_return ErrorCode{};
}

void Http2Session::gather() {
  while (out_.size() < limits::http2_write) {
    const std::uint8_t* bytes = nullptr;
    const auto size = nghttp2_session_mem_send(frames_.get(), &bytes);
    if (size <= 0) break;
    out_.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  }
  forget_done();
}

void Http2Session::taken_by_connection() {
  for (const auto& stream : std::exchange(wire_->ending, {})) {
    auto undelivered = stream->written();
    if (undelivered) unconfirmed_.push_back(std::move(undelivered));
    if (resets_ > 0) --resets_;
    idle_frames_ = 0;
  }
}

/// Nothing more is read or written. What is handled goes on, as that of any client that left.
void Http2Session::over(ErrorCode error) {
  const bool by_us = !error || !connection_->socket().is_open();
  const std::string_view cut = by_us ? "standin" : "client";
  wire_->frames = nullptr;
  for (const auto& stream : std::exchange(wire_->ending, {})) stream->not_written(cut);
  for (const auto& stream : streams_) stream->close(cut);
  ready_.clear();
  forget_done();
}

/// For how long it may be without a request. Who has only just connected is about to send a first one.
Instant Http2Session::idle_until() const {
  const bool awaited = begun_ > 0 || !sessions_->draining;
  return idle_since_ + (awaited ? sessions_->limits.idle : limits::linger);
}

void Http2Session::set_deadline() {
  Instant due = std::min(goodbye_by_, streams_.empty() ? idle_until() : Instant::max());
  for (const auto& stream : streams_) due = std::min(due, stream->due());
  connection_->set_deadline(due);
}

void Http2Session::look_at_time() {
  if (!connection_->expired()) return;
  const Instant now = steady_now();
  if (now >= goodbye_by_) farewell();
  if (streams_.empty() && now >= idle_until()) {
    nghttp2_session_terminate_session(frames_.get(), NGHTTP2_NO_ERROR);
  }
  for (const auto& stream : streams_) {
    if (now < stream->due()) continue;
    if (stream->head) {
      // With half a head, no other frame can follow.
      nghttp2_session_terminate_session(frames_.get(), NGHTTP2_NO_ERROR);
    } else if (stream->whole_by <= now) {
      refuse(*stream, late_request);
    } else {
      stream->give_up();
    }
  }
}

/// A client that has not heard of it yet may have requests on their way: they are taken until it has answered a ping
/// (RFC 9113, 6.8). One that has not asked for anything yet would ask no more: it is told with its first request.
void Http2Session::wind_down() {
  if (begun_ == 0) return wire_->wake();
  if (wire_->frames == nullptr || std::exchange(leaving_, true)) return;
  nghttp2_submit_shutdown_notice(frames_.get());
  nghttp2_submit_ping(frames_.get(), NGHTTP2_FLAG_NONE, nullptr);
  goodbye_by_ = steady_now() + limits::http2_goodbye;
  wire_->wake();
}

void Http2Session::farewell() {
  goodbye_by_ = Instant::max();
  nghttp2_submit_goaway(frames_.get(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(frames_.get()),
                        NGHTTP2_NO_ERROR, nullptr, 0);
}

/// Those that wait do so as one: however many streams the client has open, others wait for one of them.
void Http2Session::start_handling() {
  Turns& turns = *sessions_->turns;
  while (!starting_ && has_ready()) {
    if (turns.begin()) {
      start_next();
      continue;
    }
    starting_ = true;
    turns.wait(handling_ == 0 && has_rested(answered_, steady_now()), [self = shared_from_this()] {
      self->starting_ = false;
      self->start_next();
      self->start_handling();
    });
  }
}

/// Those that their client gave up meanwhile take nobody's place.
bool Http2Session::has_ready() {
  while (!ready_.empty() && ready_.front()->closed()) ready_.pop_front();
  return !ready_.empty();
}

void Http2Session::start_next() {
  if (!has_ready()) return;
  auto stream = std::move(ready_.front());
  ready_.pop_front();
  ++handling_;
  stream->with_handler = true;
  spawn(connection_->socket().get_executor(), handle(shared_from_this(), std::move(stream)));
}

Task<> Http2Session::handle(std::shared_ptr<Http2Session> self, std::shared_ptr<Http2Stream> stream) {
  const Counted counted(self->sessions_->in_flight);
  Reply reply = co_await self->sessions_->handler(std::move(stream->request), stream);
  stream->answer(std::move(reply));
  if (stream->answers_in_pieces()) co_await stream->pass_on();
  stream->with_handler = false;
  --self->handling_;
  self->answered_ = steady_now();
  self->forget_done();
  if (self->streams_.empty()) self->settled_.ring();
}

void Http2Session::forget_done() {
  if (streams_.empty()) return;
  std::erase_if(streams_, [](const auto& stream) { return stream->closed() && !stream->with_handler; });
  if (streams_.empty()) idle_since_ = steady_now();
}

}  // namespace standin
