#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "upstream/transport.h"

namespace standin {

/// What a scripted party does with one request.
struct Behaviour {
  Duration connects_after{};
  bool refuses = false;           ///< at the end of `connects_after`
  bool loses_connection = false;  ///< when the first byte was about to leave, and none did
  Duration answers_after{};       ///< since it was sent
  Result<Response> answer = Response{};
};

inline Behaviour answers(int status, std::string body = {}, Duration after = {}) {
  return {.answers_after = after, .answer = Response{.status = status, .headers = {}, .body = std::move(body)}};
}
inline Behaviour refuses(Duration after = {}) { return {.connects_after = after, .refuses = true}; }
/// Takes the request and never answers.
inline Behaviour hangs() { return {.answers_after = std::chrono::hours(24 * 365)}; }
/// Takes the request and closes the connection.
inline Behaviour breaks_off(Duration after = {}) {
  return {.answers_after = after, .answer = failure("connection reset", "", Sent::maybe)};
}
/// Answers with something that is not HTTP, or with half of it.
inline Behaviour babbles(Duration after = {}) {
  return {.answers_after = after, .answer = failure("not an HTTP answer", "", Sent::answered)};
}

/// A network of parties that do as they are told, in the time of the world's clock. It keeps Transport's obligations
/// and notes every request that reached a party.
class ScriptedTransport final : public Transport {
 public:
  struct Arrival {
    std::string url;
    Request request;
    Instant at{};
  };

  explicit ScriptedTransport(Clock& clock) : clock_(clock) {}

  /// Asked at the start of each exchange.
  std::function<Behaviour(const Endpoint&, const Request&)> behave = [](const auto&, const auto&) {
    return answers(200);
  };
  std::vector<Arrival> arrived;           ///< in the order of their first bytes
  std::vector<std::string> connected_to;  ///< URL of every exchange that was started

  Task<Result<Response>> exchange(const Endpoint& target, const Request& request, const ExchangeTimes& times,
                                  std::function<void()> sending, std::shared_ptr<const Client>) override {
    connected_to.push_back(target.url);
    const Behaviour behaviour = behave(target, request);
    co_await clock_.sleep_for(std::min(behaviour.connects_after, times.connect));
    if (behaviour.refuses) co_return failure("connection refused", target.url);
    if (behaviour.connects_after > times.connect) co_return failure("no connection in time", target.url);
    if (clock_.now() >= times.send_before) co_return failure("connected too late to send", target.url);
    if (sending) sending();
    if (behaviour.loses_connection) co_return failure("connection lost before a byte left", target.url);
    arrived.push_back({target.url, request, clock_.now()});
    const Instant answered = clock_.now() + behaviour.answers_after;
    co_await clock_.sleep_until(std::min(answered, times.listen_until));
    if (answered > times.listen_until) co_return failure("no answer in time", target.url, Sent::maybe);
    co_return behaviour.answer;
  }

 private:
  Clock& clock_;
};

}  // namespace standin
