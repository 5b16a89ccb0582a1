#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstring>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/result.h"
#include "net/asio_clock.h"
#include "net/client.h"
#include "net/server.h"

/// Blocking peers on real sockets, for tests. Every wait ends by itself.
namespace standin::testing {

constexpr std::chrono::seconds patience{10};

inline ExchangeTimes generous() {
  return {.send_before = steady_now() + patience, .listen_until = steady_now() + patience};
}

constexpr std::string_view get = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// One end of a connection, driven byte by byte.
class RawSocket {
 public:
  explicit RawSocket(int fd) : fd_(fd) {
    const timeval timeout{.tv_sec = patience.count(), .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  }
  RawSocket(RawSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~RawSocket() { close(); }

  static RawSocket connect(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) ::perror("connect");
    return RawSocket(fd);
  }

  static RawSocket connect(const std::string& path) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) ::perror("connect");
    return RawSocket(fd);
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  /// Reads until `text` has come, the other side ends, or patience does. Returns everything since the last call.
  std::string read_until(std::string_view text) {
    std::string got;
    char piece[4096];
    while (!got.contains(text)) {
      const ssize_t count = ::recv(fd_, piece, sizeof piece, 0);
      if (count <= 0) break;
      got.append(piece, static_cast<std::size_t>(count));
    }
    return got;
  }

  /// Reads to the other side's end; `reset` tells whether it was a proper one.
  std::string read_to_end(bool* reset = nullptr) {
    std::string got;
    char piece[4096];
    ssize_t count = 0;
    while ((count = ::recv(fd_, piece, sizeof piece, 0)) > 0) got.append(piece, static_cast<std::size_t>(count));
    if (reset != nullptr) *reset = count < 0;
    return got;
  }

  int native_handle() const { return fd_; }
  void half_close() { ::shutdown(fd_, SHUT_WR); }
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

/// A listening socket whose peer does what a test says.
class RawListener {
 public:
  RawListener() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ensure(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0, "a loopback port is free");
    ::listen(fd_, 16);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    const timeval timeout{.tv_sec = patience.count(), .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  }
  RawListener(const RawListener&) = delete;
  RawListener& operator=(const RawListener&) = delete;
  ~RawListener() { ::close(fd_); }

  std::uint16_t port() const { return port_; }
  RawSocket accept() { return RawSocket(::accept(fd_, nullptr, nullptr)); }
  /// Somebody has connected and was not accepted yet.
  bool somebody_waits() const {
    pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
    return ::poll(&waiting, 1, 0) > 0;
  }
  /// The port after this refuses connections.
  std::uint16_t close_port() {
    ::close(std::exchange(fd_, -1));
    return port_;
  }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

/// Runs one task to its end on `io`; nothing if it did not end in time.
template <class T>
std::optional<T> run_on(boost::asio::io_context& io, Task<T> task) {
  std::optional<T> result;
  boost::asio::co_spawn(io.get_executor(), std::move(task), [&](const std::exception_ptr& thrown, T value) {
    if (!thrown) result.emplace(std::move(value));
    io.stop();
  });
  io.restart();
  io.run_for(patience);
  return result;
}

/// A server on a thread of its own.
class ServerThread {
 public:
  explicit ServerThread(Handler handler, ServerLimits limits = {}, const ListenOn& where = "127.0.0.1:0",
                        std::shared_ptr<Door> door = nullptr)
      : server_(io_.get_executor(), limits, std::move(handler), std::move(door)), listening_(server_.listen(where)) {
    thread_ = std::thread([this] { io_.run_for(6 * patience); });
  }
  ServerThread(const ServerThread&) = delete;
  ServerThread& operator=(const ServerThread&) = delete;
  ~ServerThread() {
    io_.stop();
    thread_.join();
  }

  const Result<void>& listening() const { return listening_; }
  HttpServer& server() { return server_; }
  RawSocket connect() { return RawSocket::connect(server_.port()); }
  std::future<void> drain(Duration within) {
    return boost::asio::co_spawn(io_.get_executor(), server_.drain(within), boost::asio::use_future);
  }

 private:
  boost::asio::io_context io_{1};
  HttpServer server_;
  Result<void> listening_;
  std::thread thread_;
};

}  // namespace standin::testing
