#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "sim/net/sim_net.h"

namespace standin::sim {

/// For tests: a world with a network and somebody in it who sends requests to the parties.
struct Street {
  using Answer = std::optional<Result<Response>>;  // nothing yet

  explicit Street(std::uint64_t seed = 1) : world(seed), net(world, trace, world.fork_random()) {}

  /// Does not wait.
  std::shared_ptr<Answer> send(const std::string& host, Request request) {
    auto answer = std::make_shared<Answer>();
    spawn(world.executor(), exchange(*this, host, std::move(request), answer));
    return answer;
  }
  /// Waits for the answer, or for the minute that a client has.
  Result<Response> ask(const std::string& host, Request request) {
    const auto answer = send(host, std::move(request));
    for (int tick = 0; tick < 6'500 && !*answer; ++tick) world.run_for(std::chrono::milliseconds(10));
    return answer->value_or(failure("the exchange never ended"));
  }
  std::function<void(Sabotage)> note_faults() {
    return [this](Sabotage kind) { struck.insert(kind); };
  }

  World world;
  Trace trace;
  SimNet net;
  std::multiset<Sabotage> struck;

 private:
  static Task<> exchange(Street& street, std::string host, Request request, std::shared_ptr<Answer> answer) {
    const Instant end = street.world.now() + std::chrono::minutes(1);
    *answer = co_await street.net.exchange("standin", std::move(host), std::move(request),
                                           {.send_before = end, .listen_until = end}, {}, street.world.clock());
  }
};

}  // namespace standin::sim
