#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/connection.h"
#include "net/http2_stream.h"

struct nghttp2_session;

namespace standin {

struct Sessions;

/// A client's connection that speaks HTTP/2 from its first byte on (RFC 9113). One coroutine reads and writes the
/// frames; one for each request has it handled and passes on its answer. What the client sends is read only as fast as
/// it takes what we send, so that nothing that answers its frames can pile up. Its loop's thread alone.
class Http2Session : public std::enable_shared_from_this<Http2Session> {
 public:
  /// `client` is whose connection it is.
  Http2Session(std::shared_ptr<Sessions> sessions, std::shared_ptr<Connection> connection,
               std::shared_ptr<const Client> client);
  ~Http2Session();

  /// Serves until the connection ended, or is to be ended by whoever called: without an error then. A client that only
  /// half-closes is taken to be gone: nobody ends HTTP/2 so who still wants an answer.
  Task<ErrorCode> run();
  /// Returns when nothing is handled any more.
  Task<> settle();
  /// Lets what is in flight end, takes what is on its way, and then ends run().
  void wind_down();
  /// What to call of answers that were written, and after which nothing was read, if they turn out not to have arrived.
  std::vector<std::move_only_function<void()>> take_unconfirmed() { return std::move(unconfirmed_); }

 private:
  struct Calls;

  void greet();
  void feed();
  Task<ErrorCode> flush();
  void gather();
  void taken_by_connection();
  void over(ErrorCode error);
  Instant idle_until() const;
  void set_deadline();
  void look_at_time();
  void farewell();

  void start_handling();
  void start_next();
  bool has_ready();
  static Task<> handle(std::shared_ptr<Http2Session> self, std::shared_ptr<Http2Stream> stream);
  void forget_done();
  // http2_frames.cc
  void begin_stream(std::int32_t id);
  void message_frame(Http2Stream& stream, bool last);
  void received(Http2Stream& stream, std::string_view data);
  void end_of_head(Http2Stream& stream, bool all);
  void end_of_request(Http2Stream& stream);
  void make_ready(Http2Stream& stream);
  void refuse(Http2Stream& stream, const FramingRefusal& why);
  Http2Stream* stream_of(std::int32_t id) const;

  const std::shared_ptr<Sessions> sessions_;
  const std::shared_ptr<Connection> connection_;
  const std::shared_ptr<const Client> client_;
  const std::shared_ptr<Http2Wire> wire_;
  std::unique_ptr<nghttp2_session, void (*)(nghttp2_session*)> frames_;
  /// Until the frames and the handler are done with each.
  std::vector<std::shared_ptr<Http2Stream>> streams_;
  std::deque<std::shared_ptr<Http2Stream>> ready_;  ///< to be handled
  bool starting_ = false;                           ///< the next of them waits for its turn
  std::size_t handling_ = 0;
  Instant answered_;  ///< the last one
  std::vector<std::move_only_function<void()>> unconfirmed_;
  std::string out_;
  Instant idle_since_;
  Instant goodbye_by_ = Instant::max();
  bool leaving_ = false;
  bool hostile_ = false;         ///< not worth another frame
  std::size_t begun_ = 0;        ///< requests
  std::size_t resets_ = 0;       ///< more than answers
  std::size_t idle_frames_ = 0;  ///< in a row
  Http2Bell settled_;
};

}  // namespace standin
