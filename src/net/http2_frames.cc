#include <nghttp2/nghttp2.h>

#include <iterator>
#include <utility>

#include "net/asio_clock.h"
#include "net/http2_session.h"
#include "net/net_limits.h"
#include "net/session.h"

// The part of Http2Session that turns a client's frames into requests.
namespace standin {
namespace {

std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

bool ends_stream(const nghttp2_frame& frame) { return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0; }

bool carries_message(const nghttp2_frame& frame) {
  return frame.hd.type == NGHTTP2_DATA || frame.hd.type == NGHTTP2_HEADERS;
}

}  // namespace

/// What nghttp2 calls, always with the session as `user`.
struct Http2Session::Calls {
  static Http2Session& session(void* user) { return *static_cast<Http2Session*>(user); }

  static int on_begin_frame(nghttp2_session*, const nghttp2_frame_hd*, void* user) {
    ++session(user).idle_frames_;
    return 0;
  }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) session(user).begin_stream(frame->hd.stream_id);
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                       const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
    Http2Session& self = session(user);
    Http2Stream* const stream = self.stream_of(frame->hd.stream_id);
    if (stream == nullptr) return 0;
    if (stream->add_field(text_of(name, name_size), text_of(value, value_size), self.sessions_->limits.head)) return 0;
    self.hostile_ = true;
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int on_invalid_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t*, std::size_t,
                               const std::uint8_t*, std::size_t, std::uint8_t, void* user) {
    Http2Stream* const stream = session(user).stream_of(frame->hd.stream_id);
    if (stream != nullptr && stream->head) stream->head->add_malformed();
    return 0;
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Http2Session& self = session(user);
    const bool pong = frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
    if (pong && self.goodbye_by_ != Instant::max()) self.farewell();
    if (!carries_message(*frame)) return 0;
    Http2Stream* const stream = self.stream_of(frame->hd.stream_id);
    if (stream != nullptr) self.message_frame(*stream, ends_stream(*frame));
    return 0;
  }

  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes, std::size_t size,
                     void* user) {
    Http2Session& self = session(user);
    self.idle_frames_ = 0;
    Http2Stream* const stream = self.stream_of(id);
    if (stream != nullptr && stream->body) {
      self.received(*stream, text_of(bytes, size));
    } else {
      nghttp2_session_consume(self.frames_.get(), id, size);
    }
    return 0;
  }

  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t, void* user) {
    Http2Session& self = session(user);
    Http2Stream* const stream = self.stream_of(id);
    if (stream == nullptr) return 0;
    // Also what our own library resets for a mistake that the client made on purpose.
    if (!stream->all_taken() && !stream->reset_by_us()) ++self.resets_;
    stream->close("client");
    return 0;
  }

  static int before_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS || !ends_stream(*frame)) return 0;
    Http2Stream* const stream = session(user).stream_of(frame->hd.stream_id);
    if (stream != nullptr) stream->end_with_this();
    return 0;
  }
};

Http2Session::Http2Session(std::shared_ptr<Sessions> sessions, std::shared_ptr<Connection> connection,
                           std::shared_ptr<const Client> client)
    : sessions_(std::move(sessions)),
      connection_(std::move(connection)),
      client_(std::move(client)),
      wire_(std::make_shared<Http2Wire>(Http2Wire{.frames = nullptr, .connection = connection_, .ending = {}})),
      frames_(nullptr, nghttp2_session_del) {
  nghttp2_session_callbacks* calls = nullptr;
  ensure(nghttp2_session_callbacks_new(&calls) == 0, "there is memory for a few pointers");
  nghttp2_session_callbacks_set_on_begin_frame_callback(calls, Calls::on_begin_frame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(calls, Calls::on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(calls, Calls::on_header);
  nghttp2_session_callbacks_set_on_invalid_header_callback(calls, Calls::on_invalid_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(calls, Calls::on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, Calls::on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(calls, Calls::on_close);
  nghttp2_session_callbacks_set_before_frame_send_callback(calls, Calls::before_frame);
  nghttp2_option* options = nullptr;
  ensure(nghttp2_option_new(&options) == 0, "there is memory for a few numbers");
  nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_option_set_no_closed_streams(options, 1);
  nghttp2_session* frames = nullptr;
  ensure(nghttp2_session_server_new2(&frames, calls, this, options) == 0, "there is memory for a session");
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(calls);
  frames_.reset(frames);
  wire_->frames = frames;
}

Http2Session::~Http2Session() {
  wire_->frames = nullptr;
  wire_->ending.clear();
}

/// What we say first. The table of HPACK has 4096 bytes both ways, which is the default; priorities of RFC 7540 are not
/// looked at.
void Http2Session::greet() {
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits::http2_streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits::whole_body},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(sessions_->limits.head)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  nghttp2_submit_settings(frames_.get(), NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(frames_.get(), NGHTTP2_FLAG_NONE, 0, limits::http2_window);
  idle_since_ = steady_now();
}

Http2Stream* Http2Session::stream_of(std::int32_t id) const {
  return static_cast<Http2Stream*>(nghttp2_session_get_stream_user_data(frames_.get(), id));
}

/// Those that were reset and are still handled take the place of others.
void Http2Session::begin_stream(std::int32_t id) {
  if (streams_.size() >= limits::http2_streams) {
    ++resets_;
    nghttp2_submit_rst_stream(frames_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
    return;
  }
  const auto& stream = streams_.emplace_back(std::make_shared<Http2Stream>(wire_, client_, id));
  stream->head = std::make_unique<Http2Head>(sessions_->limits.head);
  stream->whole_by = *stream->begun() + sessions_->limits.receive;
  nghttp2_session_set_stream_user_data(frames_.get(), id, stream.get());
  const std::size_t requests_max = sessions_->limits.requests;
  const bool last = ++begun_ == (requests_max == 0 ? limits::http2_streams_in_all : requests_max);
  if (last || sessions_->draining) wind_down();
}

/// The end of the head, of the trailers, or a piece of the body.
void Http2Session::message_frame(Http2Stream& stream, bool last) {
  if (stream.head) return end_of_head(stream, last);
  if (last) end_of_request(stream);
}

void Http2Session::end_of_head(Http2Stream& stream, bool all) {
  const auto head = std::move(stream.head);
  auto request = head->finish();
  if (!request) return refuse(stream, request.error());
  stream.to_head = request->method == "HEAD";
  stream.request = std::move(*request);
  if (all) return make_ready(stream);
  const ServerLimits& server = sessions_->limits;
  const std::uint64_t bytes_max = server.streamed_body.value_or(server.body);
  const auto length = head->body_length();
  stream.body = std::make_shared<Http2Body>(wire_, stream.id(), bytes_max, BodyPace(server.receive, server.body_rate));
  if (length.value_or(0) > bytes_max) return refuse(stream, {413, "the body is too large"});
  const bool invites = head->wants_continue();
  const auto invite = [&stream] { stream.interim(Response{.status = 100}); };
  if (server.streamed_body && (invites || length.value_or(limits::whole_body + 1) > limits::whole_body)) {
    // Sent when somebody wants the body: who is refused or cannot be served keeps it.
    if (invites) stream.body->invite(invite);
    stream.request.rest = stream.body;
    return make_ready(stream);
  }
  if (invites) invite();
}

void Http2Session::received(Http2Stream& stream, std::string_view data) {
  stream.body->received(data);
  const bool awaited = stream.whole_by != Instant::max();
  if (!awaited) return;
  if (stream.body->failure()) return refuse(stream, *stream.body->failure());
  // Without a limit for bodies in pieces, one may be longer than its window.
  if (!sessions_->limits.streamed_body) stream.request.body += stream.body->take();
}

void Http2Session::end_of_request(Http2Stream& stream) {
  if (!stream.body) return;
  stream.body->end();
  const bool awaited = stream.whole_by != Instant::max();
  if (!awaited) return;
  stream.request.body += stream.body->take();
  make_ready(stream);
}

void Http2Session::make_ready(Http2Stream& stream) {
  stream.whole_by = Instant::max();
  ready_.push_back(stream.shared_from_this());
}

/// The stream is answered, and what else comes of it is let go.
void Http2Session::refuse(Http2Stream& stream, const FramingRefusal& why) {
  sessions_->door->turn_away(reason_of(why.status));
  stream.whole_by = Instant::max();
  stream.request = {};
  stream.answer(Reply{.response = response_to(why)});
}

}  // namespace standin
