#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <functional>
#include <span>

#include "base/task.h"
#include "net/inherited.h"
#include "net/poller.h"

namespace standin {

using SocketAddress = boost::asio::generic::stream_protocol::endpoint;
using ErrorCode = boost::system::error_code;

/// A stream socket, TCP or Unix, that never blocks: what would have to wait is would_block, and is waited for apart.
/// Used from its loop's thread alone.
class Socket final : private Watched {
 public:
  /// `descriptor`: connected, and non-blocking; or none, to be connected.
  explicit Socket(Executor executor, Descriptor descriptor = Descriptor());
  ~Socket();

  bool is_open() const { return static_cast<bool>(descriptor_); }
  int native_handle() const { return descriptor_.number(); }
  const Executor& get_executor() const { return executor_; }

  /// Begins to connect. would_block: whether it is connected is known when it is writable, from `connected`.
  ErrorCode connect(const SocketAddress& address);
  ErrorCode connected() const;

  /// Reads what is there; the end is an error, asio::error::eof.
  std::size_t read_some(std::span<char> into, ErrorCode& error);
  /// The last read took all that it had room for: there may be more.
  bool read_left_some() const { return reading_.ready; }
  std::size_t write_some(std::span<const boost::asio::const_buffer> parts, ErrorCode& error);

  /// Calls `ready` when a read or a write may no longer have to wait, from the event loop and never at once; with
  /// operation_aborted if it is cancelled or closed before. One of each at a time.
  using Ready = std::move_only_function<void(const ErrorCode&)>;
  void when_readable(Ready ready) { wait(reading_, std::move(ready)); }
  void when_writable(Ready ready);
  /// The same, awaited; `error` must live as long.
  Task<> readable(ErrorCode& error);
  Task<> writable(ErrorCode& error);
  /// Whoever waits is told, soon.
  void cancel();

  /// SHUT_RD or SHUT_WR of shutdown(2).
  void shutdown(int how);
  void close();
  /// Closes it with a reset, where it is TCP.
  void reset();

 private:
  struct Side {
    bool ready = false;  ///< as far as is known
    Ready waiter;
  };

  void happened(std::uint32_t events) override;
  void loop_ended() override;
  void wait(Side& side, Ready ready);
  ErrorCode watch();
  Ready take(Side& side);
  void abort(Side& side);

  const Executor executor_;
  Poller& poller_;
  Descriptor descriptor_;
  Side reading_, writing_;
  bool ended_ = false;  ///< the peer has sent its last, or the connection is broken
  bool watches_writing_ = false;
};

}  // namespace standin
