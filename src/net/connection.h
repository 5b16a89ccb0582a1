#pragma once

#include <array>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/buffer.hpp>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "base/task.h"
#include "base/time.h"
#include "base/use_task.h"
#include "net/socket.h"

namespace standin {

class TlsSession;

using SteadyTimer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                      boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;
/// Bytes received and not yet read by a parser, in one piece.
class ReceiveBuffer {
 public:
  std::string_view bytes() const { return {data_.get() + begin_, end_ - begin_}; }
  void consume(std::size_t count);
  /// Room for the next read, never empty: it moves what is left to the front, and grows when that is not enough.
  std::span<char> space();
  void received(std::size_t count) { end_ += count; }
  /// How much one read takes from now on, if what is there is less than that.
  void resize(std::size_t capacity);
  /// Holds no memory until the next read, if it is empty.
  void release() { resize(0); }
  std::size_t capacity() const { return capacity_; }

 private:
  void make_room();

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

/// A head and a body on their way out, and what ends a chunk, in one gathered write.
class Outgoing {
 public:
  Outgoing(std::string_view head, std::string_view body, std::string_view tail = {})
      : parts_{boost::asio::buffer(head.data(), head.size()), boost::asio::buffer(body.data(), body.size()),
               boost::asio::buffer(tail.data(), tail.size())},
        count_(tail.empty() ? 2 : 3) {}
  /// Valid as long as this lives.
  std::span<const boost::asio::const_buffer> parts() const { return std::span(parts_).first(count_); }
  void sent(std::size_t count);
  std::size_t bytes_sent() const { return sent_; }
  std::size_t bytes_left() const { return parts_[0].size() + parts_[1].size() + parts_[2].size(); }
  /// What is left from `at` on, at most `count` bytes: in one piece where it is in one part, else copied to `joined`.
  std::string_view piece(std::size_t at, std::size_t count, std::string& joined) const;
  bool done() const { return bytes_left() == 0; }

 private:
  std::array<boost::asio::const_buffer, 3> parts_;
  std::size_t count_;
  std::size_t sent_ = 0;
};

/// A stream socket, in clear or under TLS, with its receive buffer and one deadline at a time. Used from its loop's
/// thread alone.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// `descriptor`: connected, and non-blocking; or none, and it connects itself.
  explicit Connection(Executor executor, Descriptor descriptor = Descriptor());
  ~Connection();
  Socket& socket() { return socket_; }
  ReceiveBuffer& buffer() { return buffer_; }
  void close();
  /// Closes it so that the other side cannot take what came so far for everything.
  void abort();
  /// Tells the other side that nothing more comes from us; it may go on.
  void end_sending();
  /// Connects, once. The error is timed_out if `deadline` passed, which holds on until it is moved.
  Task<ErrorCode> connect(SocketAddress address, Instant deadline);
  /// Where that led to.
  const SocketAddress& peer() const { return peer_; }

  /// Agrees on TLS; everything after it is encrypted, if it succeeded. Nothing of a request has left then.
  Task<ErrorCode> secure(std::unique_ptr<TlsSession> session);
  /// The TLS session, also after a handshake that failed; nullptr in clear.
  const TlsSession* tls() const { return tls_.get(); }

  /// When `at` passes, what the connection waits for ends with `timed_out`, and so does what it is asked to wait for
  /// later, until the deadline is moved. Moving it costs nothing: the timer is armed anew only when it would ring too
  /// late.
  void set_deadline(Instant at);
  void clear_deadline() { deadline_ = Instant::max(); }
  bool expired() const { return expired_; }

  /// Reads into the buffer, at least once; `error` must live as long.
  Task<> read(ErrorCode& error);
  /// Reads once what is there already; would_block if nothing is.
  ErrorCode read_now();

  /// What was read last filled its buffer, and nobody waits: there may be more.
  bool has_more() const { return !listening_ && socket_.read_left_some(); }

  /// Begins a read whose end is awaited later, or never: while it is under way it owns the connection, so that an idle
  /// connection lives exactly until the other side ends it or its deadline passes.
  void listen();
  bool listening() const { return listening_; }
  /// Waits for the end of that read.
  Task<ErrorCode> heard();
  /// Whoever waits for it is sent away, soon; the read stays under way, and somebody else may wait for it.
  void stop_waiting();

  /// Writes what can be written without waiting; would_block if there is more.
  ErrorCode write_now(Outgoing& out);
  /// Writes the rest.
  Task<ErrorCode> write_rest(Outgoing& out);

  /// The other side has reset the connection, or closed both ways, and not merely half-closed it.
  bool gone() const;
  /// Asks the kernel whether an idle connection has ended or holds bytes that nobody asked for.
  bool stale() const;

 private:
  struct Listener;
  template <class Awaiter>
  void read_then(ErrorCode& into, Awaiter awaiter);
  std::span<char> incoming();
  ErrorCode take_in(ErrorCode error, std::size_t count);
  ErrorCode decrypt(ErrorCode error);
  bool answer_to_records();
  void say_goodbye();
  void offer_output();
  ErrorCode receive_handshake();
  bool encrypt_next(const Outgoing& out);
  boost::asio::const_buffer next_encrypted(const Outgoing& out, ErrorCode& error);
  void sent_encrypted(Outgoing& out, std::size_t count);
  Task<ErrorCode> send_output();
  void hear(const ErrorCode& error);
  void arm(Instant at);
  void ring();

  Socket socket_;
  SteadyTimer timer_;
  SocketAddress peer_;
  std::unique_ptr<TlsSession> tls_;
  std::size_t encrypted_ = 0;  ///< bytes of a message that were encrypted, and of which nothing has left yet
  ReceiveBuffer buffer_;
  Instant deadline_ = Instant::max();
  Instant armed_ = Instant::max();
  bool expired_ = false;
  bool listening_ = false;
  ErrorCode heard_;
  std::move_only_function<void()> waiter_;
};

}  // namespace standin
