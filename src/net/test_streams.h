#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "net/body.h"
#include "net/test_peers.h"

namespace standin::testing {

/// Server and client back to back, as a plain route puts them together: what one side sends reaches the other piece by
/// piece. Both ends are driven from one thread, step by step, so that nothing can come before it was sent.
class Streams : public ::testing::Test {
 protected:
  static constexpr std::size_t mebibyte = 1024 * 1024;
  static constexpr std::string_view chunked_post = "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  static constexpr std::string_view chunked_answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  static constexpr std::string_view no_content = "HTTP/1.1 204 No Content\r\n\r\n";
  static constexpr std::string_view websocket_upgrade =
      "GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  static constexpr std::string_view switching =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: "
      "s\r\n\r\n";

  static constexpr std::string_view body_end = "(end)";

  /// Not the same everywhere, so that a piece that is lost or repeated is noticed.
  static std::string large_body(std::size_t size) {
    std::string body(size, '\0');
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
    return body.replace(size - body_end.size(), body_end.size(), body_end);
  }

  static std::string post(std::size_t size) {
    return fmt::format("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", size);
  }

  static std::string answer(std::size_t size) {
    return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", size);
  }

  static std::future<void> send_aside(RawSocket& socket, std::string bytes) {
    return std::async(std::launch::async, [&socket, sent = std::move(bytes)] { socket.send(sent); });
  }

  static std::string after_head(const std::string& message) { return message.substr(message.find("\r\n\r\n") + 4); }

  /// As much as the other side takes while nobody reads there, at most `size`. A small buffer of our own makes that
  /// short.
  static std::size_t accepted(RawSocket& socket, std::size_t size) {
    const std::string piece(64 * 1024, 'x');
    std::size_t sent = 0;
    pollfd writable{.fd = socket.native_handle(), .events = POLLOUT, .revents = 0};
    while (sent < size && ::poll(&writable, 1, 300) > 0) {
      const ssize_t count = ::send(socket.native_handle(), piece.data(), std::min(piece.size(), size - sent),
                                   MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count > 0) sent += static_cast<std::size_t>(count);
    }
    return sent;
  }

  Task<Reply> forward(Request request, std::shared_ptr<const Client> client) {
    const Executor executor = co_await this_executor();
    if (!client_) client_ = std::make_unique<HttpClient>(executor);
    ExchangeTimes times = generous();
    times.idle = idle_;
    const std::shared_ptr<BodySource> upload = request.rest;
    const Endpoint endpoint = *Endpoint::parse(fmt::format("http://127.0.0.1:{}", port_));
    auto result = co_await client_->exchange(endpoint, request, times, {}, client);
    Reply reply{.response = {.status = 502}};
    if (result) reply.response = std::move(*result);
    if (!result && upload && upload->failure()) reply.response.status = upload->failure()->status;
    reply.ended = [this](const StreamEnd& end) {
      const std::lock_guard lock(mutex_);
      ends_.push_back(end);
      changed_.notify_all();
    };
    co_return reply;
  }

  ServerThread& start(ServerLimits limits = {}) {
    if (!limits.streamed_body) limits.streamed_body = 1024 * mebibyte;
    server_.emplace(std::bind_front(&Streams::forward, this), limits);
    return *server_;
  }

  RawSocket connect() {
    if (!server_) start();
    return server_->connect();
  }

  HttpServer& server() { return server_->server(); }
  std::future<void> drain() { return server_->drain(patience); }
  void stop() { server_.reset(); }

  /// How the next exchange ended of those that nobody has asked about.
  StreamEnd end() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, patience, [this] { return !ends_.empty(); })) return {.cut = "not in time"};
    const StreamEnd first = ends_.front();
    ends_.pop_front();
    return first;
  }

  RawListener upstream_;
  std::uint16_t port_ = upstream_.port();
  Duration idle_ = patience;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<StreamEnd> ends_;
  std::unique_ptr<HttpClient> client_;
  std::optional<ServerThread> server_;
};

}  // namespace standin::testing
