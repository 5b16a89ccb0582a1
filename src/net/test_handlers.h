#pragma once

#include <atomic>
#include <future>
#include <memory>
#include <string_view>

#include "base/event.h"
#include "net/server.h"
#include "net/test_peers.h"

namespace standin::testing {

/// Answers with the request's method, target and body.
inline Task<Reply> echo(Request request, std::shared_ptr<const Client>) {
  Reply reply{.response = {.status = 200, .headers = {}, .body = {}}, .undelivered = {}};
  reply.response.body = request.method + " " + request.target + " " + request.body;
  co_return reply;
}

/// A handler that holds its request until the test lets it answer.
struct Held {
  std::promise<void> arrived;
  Event go;
  Response response{.status = 200, .headers = {}, .body = "held"};
  bool asks_for_delivery = true;
  std::atomic<bool> gone = false;
  std::atomic<bool> undelivered = false;
  std::promise<void> was_undelivered;

  Handler handler() {
    return [this](Request, std::shared_ptr<const Client> client) { return hold(std::move(client)); };
  }

  Task<Reply> hold(std::shared_ptr<const Client> client) {
    arrived.set_value();
    co_await go.wait();
    gone = client->gone();
    Reply reply{.response = response, .undelivered = {}};
    if (asks_for_delivery)
      reply.undelivered = [this] {
        undelivered = true;
        was_undelivered.set_value();
      };
    co_return reply;
  }

  bool wait_until_arrived() { return arrived.get_future().wait_for(patience) == std::future_status::ready; }
  bool wait_until_undelivered() { return was_undelivered.get_future().wait_for(patience) == std::future_status::ready; }
};

constexpr std::string_view last_get = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

}  // namespace standin::testing
