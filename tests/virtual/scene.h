#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/test_folder.h"
#include "journal/sqlite_journal.h"
#include "replay/replayer.h"
#include "route/protected_route.h"
#include "sim/scripted_transport.h"
#include "sim/world.h"

namespace standin {

/// A client whose connection the test holds.
struct TestClient : Client {
  bool left = false;
  bool gone() const override { return left; }
  std::string address() const override { return "127.0.0.1"; }
};

inline Response shop_created(const std::string& id) {
  Response response{.status = 201, .body = R"({"order":{"id":")" + id + R"(","status":"accepted"}})"};
  response.headers.add("Content-Type", "application/json");
  return response;
}
inline Response shop_declined() {
  Response response{.status = 422, .body = R"({"error":{"message":"Card failed"}})"};
  response.headers.add("Content-Type", "application/json");
  return response;
}
inline Behaviour creates(Duration after = {}, const std::string& id = "shop-1") {
  return {.answers_after = after, .answer = shop_created(id)};
}
inline Behaviour declines(Duration after = {}) { return {.answers_after = after, .answer = shop_declined()}; }

/// One protected route, its journal and replay, and a scripted shop, in virtual time: the production code, wired as the
/// program wires it, with a world in place of the kernel.
struct Scene {
  Scene();
  virtual ~Scene();

  /// Sends one order through the tour; the answer comes at its virtual time.
  Response order(const std::string& key, int cents = 1000);
  std::shared_ptr<OneShot<Response>> order_later(const std::string& key, int cents = 1000,
                                                 std::shared_ptr<TestClient> client = nullptr);
  Request request(const std::string& key, int cents) const;
  /// What the shop was sent, by path: "POST /orders".
  std::size_t arrivals(const std::string& method_and_path) const;
  OrderRow only_order();
  State only_state() { return only_order().state; }
  std::shared_ptr<Replayer> new_replayer(const std::string& owner);
  /// A graceful one: nothing may be under way.
  void restart();
  /// The process dies with what is under way, and another starts from what its disk had. What the dead one still hears
  /// changes a journal that nobody reads.
  void crash();

  World world;
  TestFolder folder;
  ScriptedTransport transport{world.clock()};
  std::function<Behaviour(const Request&)> shop = [](const Request&) { return creates(); };

  RouteConfig route;
  StandInConfig stand_in;
  UpstreamConfig upstream;
  Policy policy;

  void build();
  /// What the replay deals with; more than one where a test's route has more parties.
  virtual std::map<std::string, Counterparty> counterparties() const;

  Metrics metrics;
  TargetStates states;
  std::string boot_id = "1";  ///< another: the machine is started again before the next process
  Vault vault = Vault::ephemeral(world.random());
  UlidMaker ulids{world.random()};
  std::atomic<std::size_t> listening = 0;
  std::atomic<std::size_t> in_flight_bytes = 0;
  std::unique_ptr<Journal> journal;
  std::unique_ptr<Modes> modes;
  std::unique_ptr<Claims> claims;
  std::unique_ptr<Lookalikes> lookalikes;
  std::shared_ptr<Party> party;
  std::shared_ptr<const Dialect> dialect;
  std::shared_ptr<ProtectedRoute> tour;

 private:
  struct Dead {
    std::unique_ptr<Journal> journal;
    std::unique_ptr<Modes> modes;
    std::unique_ptr<Claims> claims;
    std::unique_ptr<Lookalikes> lookalikes;
    std::shared_ptr<ProtectedRoute> tour;
  };
  std::string journal_name_ = "journal.db";
  std::vector<Dead> dead_;
};

}  // namespace standin
