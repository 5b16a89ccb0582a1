#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "net/body.h"
#include "net/connection.h"

struct nghttp2_session;

namespace standin {

class Http2Stream;

/// One HTTP/2 connection, as its streams see it.
struct Http2Wire {
  nghttp2_session* frames = nullptr;  ///< nullptr once the connection is over
  std::shared_ptr<Connection> connection;
  std::vector<std::shared_ptr<Http2Stream>> ending;  ///< whose answer's last byte is in the write that is made ready

  /// Something is to be written, or a deadline changed: whoever reads the connection looks.
  void wake() const { connection->stop_waiting(); }
};

/// What one coroutine waits for, time and again.
class Http2Bell {
 public:
  Task<> wait();
  void ring();

 private:
  std::weak_ptr<SteadyTimer> waiting_;
};

/// The body of a request on an HTTP/2 stream. The client may be ahead of whoever reads it by the stream's window, which
/// is opened again only for what was read.
class Http2Body final : public BodySource {
 public:
  Http2Body(std::shared_ptr<Http2Wire> wire, std::int32_t stream, std::uint64_t bytes_max, BodyPace pace);
  ~Http2Body() override;

  Task<Piece> next() override;
  const std::optional<FramingRefusal>& failure() const override { return failure_; }

  /// Called once when a piece is waited for that is not there: the client waits for `100 Continue`.
  void invite(std::function<void()> call) { invite_ = std::move(call); }
  void received(std::string_view bytes);
  void end();
  /// It breaks off, if it is not complete.
  void fail(FramingRefusal why);

  /// All of it has come.
  bool complete() const { return complete_; }
  std::uint64_t bytes() const { return bytes_; }
  /// When whoever waits for a piece is to be told that none came.
  Instant due() const { return due_; }
  /// What has come; the client may send as much again.
  std::string take();

 private:
  void open_window(std::size_t bytes);

  const std::shared_ptr<Http2Wire> wire_;
  const std::int32_t stream_;
  const std::uint64_t bytes_max_;
  BodyPace pace_;
  std::function<void()> invite_;
  std::string arrived_, handed_out_;
  bool complete_ = false;
  std::uint64_t bytes_ = 0;
  std::optional<FramingRefusal> failure_;
  Instant due_ = Instant::max();
  Http2Bell bell_;
};

}  // namespace standin
