#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "sim/net/sim_net.h"

namespace standin::sim {

/// A shop that answers 201 at once, unless told otherwise, and keeps what arrived.
class TestServer final : public Server {
 public:
  std::function<void(const std::shared_ptr<ServedCall>&)> behave = [this](const auto& call) { approve(call); };
  std::vector<std::string> arrived;  ///< bodies
  int undelivered = 0;

  void approve(const std::shared_ptr<ServedCall>& call) {
    call->answer({.status = 201, .headers = {}, .body = "approved " + call->request().body}, [this] { ++undelivered; });
  }
  void serve(std::shared_ptr<ServedCall> call) override {
    arrived.push_back(call->request().body);
    behave(call);
  }
};

/// What one exchange came to.
struct Asked {
  int begun_sending = 0;
  std::optional<Result<Response>> end;
  std::shared_ptr<Connection> connection = std::make_shared<Connection>();

  bool ended() const { return end.has_value(); }
  int status() const { return end && *end ? (*end)->status : 0; }
  std::optional<Sent> sent() const { return end && !*end ? std::optional(end->error().sent) : std::nullopt; }
};

/// A client, a server and the link between them, each on a loop of its own.
class Street {
 public:
  explicit Street(std::uint64_t seed = 1) : world(seed), net(world, trace, world.fork_random()) {
    net.on_fault = [this](Sabotage kind) { ++faults[kind]; };
    net.listen("shop", server, shops->executor());
  }

  LinkFaults& link() { return net.link("standin", "shop"); }

  std::shared_ptr<Asked> ask(std::string body = "order", Duration listen = std::chrono::seconds(30)) {
    return ask_within({.send_before = clients->clock().now() + std::chrono::seconds(5),
                       .listen_until = clients->clock().now() + listen},
                      std::move(body));
  }
  std::shared_ptr<Asked> ask_within(ExchangeTimes times, std::string body = "order") {
    auto asked = std::make_shared<Asked>();
    spawn(clients->executor(), run(*this, times, std::move(body), asked));
    return asked;
  }
  std::shared_ptr<Asked> ask_to_the_end() {
    auto asked = ask();
    world.run_for(std::chrono::minutes(1));
    return asked;
  }

  World world;
  Trace trace;
  SimNet net;
  std::unique_ptr<Loop> clients = world.make_loop();
  std::unique_ptr<Loop> shops = world.make_loop();
  TestServer server;
  FaultCounts faults;

 private:
  static Task<> run(Street& street, ExchangeTimes times, std::string body, std::shared_ptr<Asked> asked) {
    Request request{.method = "POST", .target = "/orders", .headers = {}, .body = std::move(body)};
    auto end = co_await street.net.exchange(
        "standin", "shop", std::move(request), times, [asked] { ++asked->begun_sending; }, street.clients->clock(),
        asked->connection);
    asked->end.emplace(std::move(end));
  }
};

}  // namespace standin::sim
