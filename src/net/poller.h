#pragma once

#include <sys/epoll.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>

#include "base/task.h"

namespace standin {

/// A descriptor that a Poller knows, at its address for as long as it is watched.
class Watched : public boost::intrusive::list_base_hook<
                    boost::intrusive::link_mode<boost::intrusive::link_mode_type::auto_unlink>> {
 public:
  Watched() = default;
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

 protected:
  ~Watched() = default;

 private:
  friend class Poller;
  /// `events` of epoll_ctl(2), once for each change. It may end this one and any other.
  virtual void happened(std::uint32_t events) = 0;
  /// The event loop is gone: whoever waits goes too.
  virtual void loop_ended() = 0;
};

/// Tells the sockets of one event loop what happens to them, with an epoll instance of its own that Asio watches as one
/// descriptor. A socket is registered once, and with its peer's end (EPOLLRDHUP), which Asio does not ask for: a read
/// that took less than there was room for is known to have taken all, where Asio must read again until there is
/// nothing, or register again each time that somebody waits without a buffer. One for each io_context, whose thread
/// alone uses it.
class Poller final : public boost::asio::execution_context::service {
 public:
  static inline boost::asio::execution_context::id id;

  explicit Poller(boost::asio::io_context& loop);
  ~Poller() override;
  static Poller& of(const Executor& executor);

  /// Edge-triggered: tells at once what is the case already, then what changes. errno, or 0.
  int watch(Watched& what, int descriptor, std::uint32_t events);
  /// Other events of one that is watched.
  int watch_also(Watched& what, int descriptor, std::uint32_t events);
  /// Before it is closed: somebody else may have the same file open, and epoll knows files.
  void forget(Watched& what, int descriptor);

  /// Somebody waits for what it tells: so long the loop has work.
  void begin_wait();
  void end_wait();

 private:
  void shutdown() override;
  void listen();
  void tell();

  static constexpr std::size_t events_a_turn = 128;  ///< as many as Asio takes at once

  boost::asio::posix::basic_stream_descriptor<Executor> epoll_;
  boost::intrusive::list<Watched, boost::intrusive::constant_time_size<false>> watched_;
  std::size_t waiting_ = 0;
  std::uint64_t listened_ = 0;
  bool listening_ = false;
  bool telling_ = false;
  std::array<epoll_event, events_a_turn> events_;  ///< what is being told
  std::size_t told_ = 0;
  std::size_t happened_ = 0;
};

}  // namespace standin
