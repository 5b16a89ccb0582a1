#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "base/task.h"
#include "net/client.h"
#include "net/message.h"
#include "sim/sabotage.h"
#include "sim/trace.h"
#include "sim/world.h"
#include "upstream/transport.h"

namespace standin::sim {

/// How a link between two hosts behaves at the moment. Rates are per exchange, in [0, 1].
struct LinkFaults {
  Duration latency = std::chrono::milliseconds(2);  ///< one way, the usual; drawn around it
  double slow = 0;                                  ///< takes up to `slow_for` instead
  Duration slow_for = std::chrono::seconds(20);
  double refused = 0;          ///< no connection
  double lost_connecting = 0;  ///< no word until the connecting time is over
  double broken_before = 0;    ///< when the first byte was about to leave, and none did
  double broken_within = 0;    ///< part of the request was sent: the server never sees it
  double broken_after = 0;     ///< the server has the whole request and the connection is reset
  double swallowed = 0;        ///< the request arrives, and the answer never does
  double lost = 0;             ///< sent whole, never arrives, and nobody says so
  double cut_short = 0;        ///< the answer breaks off
  double garbled = 0;          ///< the answer is not what was sent: another status, a page of something in between
  double repeated = 0;         ///< the request arrives twice; the first answer counts
  bool cut_there = false, cut_back = false;  ///< nothing gets through, in that direction
  bool unresolved = false;                   ///< the name does not resolve
};

/// A client's connection for one exchange.
struct Connection {
  bool hung_up = false;           ///< set by the client; the server notices after about the link's latency
  bool copied = false;            ///< noted by the network: something in between sent the request twice
  std::optional<Instant> closed;  ///< noted by the network: the exchange ended then, or the client's process died
};

/// One request as its server sees it.
class ServedCall {
 public:
  virtual ~ServedCall() = default;
  virtual const Request& request() const = 0;
  virtual std::string client() const = 0;
  /// The client's end, for whoever writes down the truth: a server cannot know it. The same for a request and its copy.
  virtual std::shared_ptr<const Connection> connection() const = 0;
  /// The request has arrived before: something in between sent it twice, and what comes of this one nobody asked for.
  virtual bool is_copy() const = 0;
  /// The client's connection is known to be gone.
  virtual bool gone() const = 0;
  /// Sends the answer, once. `undelivered` is called on the server's loop, soon, if the client certainly did not get
  /// it.
  virtual void answer(Response response, std::move_only_function<void()> undelivered) = 0;
  /// Closes the connection without an answer.
  virtual void reset() = 0;
};

class Server {
 public:
  virtual ~Server() = default;
  /// On the loop given to `listen`.
  virtual void serve(std::shared_ptr<ServedCall> call) = 0;
};

/// Hosts that send each other requests: messages, not TCP. What one host sends is on its way whatever becomes of it:
/// when its loop is destroyed the request arrives all the same, and the server finds the client gone. A call that its
/// server drops without an answer is reset. Messages travel in the world's own time. Declare it after the world.
class SimNet {
 public:
  SimNet(World& world, Trace& trace, std::unique_ptr<Random> random);
  ~SimNet();
  SimNet(const SimNet&) = delete;
  SimNet& operator=(const SimNet&) = delete;

  /// Made on first use; the caller changes it as it likes. Names are as in targets' URLs, without a port.
  LinkFaults& link(const std::string& from, const std::string& to);

  /// `server` serves that host on `loop` until `close`, in place of who did before.
  void listen(const std::string& host, Server& server, Executor loop);
  /// Nobody listens any more, and what was being served is cut: its clients see a reset (or nothing, over a cut link).
  /// To be called before the server or its loop goes.
  void close(const std::string& host);

  /// From one host to another, with Transport::exchange's obligations. Runs on the caller's loop and `clock`. After
  /// `connection->hung_up` the answer goes nowhere; the exchange ends all the same.
  Task<Result<Response>> exchange(std::string from, std::string to, Request request, ExchangeTimes times,
                                  std::function<void()> sending, Clock& clock,
                                  std::shared_ptr<Connection> connection = nullptr);

  /// Called for each fault that struck.
  std::function<void(Sabotage)> on_fault;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// The port through which the production code of one host sends. Host names are the network's hosts.
class SimTransport final : public Transport {
 public:
  SimTransport(SimNet& net, std::string host, Clock& clock) : net_(net), host_(std::move(host)), clock_(clock) {}
  Task<Result<Response>> exchange(const Endpoint& target, const Request& request, const ExchangeTimes& times,
                                  std::function<void()> sending, std::shared_ptr<const Client> streamed_to) override;

 private:
  SimNet& net_;
  std::string host_;
  Clock& clock_;
};

}  // namespace standin::sim
