#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/event.h"
#include "sim/net/network.h"

namespace standin::sim {

/// Who and what of one exchange.
struct CallParts {
  std::shared_ptr<Network> network;
  std::string from, to;
  Request request;
  std::shared_ptr<Connection> connection;  ///< nullptr: one of its own
};

/// One exchange on its way: shared by its client, by what is in flight, and by the server.
class Call : public std::enable_shared_from_this<Call> {
 public:
  enum class Connecting { ready, unresolved, refused, silent };

  explicit Call(CallParts parts);

  /// What becomes of the attempt to connect that begins now, and how long that takes.
  Connecting connect();
  Duration connecting_time();
  /// A cut link lets nobody connect.
  bool blocked() const;
  bool anyone_serves() const { return network_->host(to) != nullptr; }

  /// The first byte leaves: false if not even that.
  bool send();
  /// The answer, or why there will be none.
  Event over;
  Result<Response> take_outcome();

  void note_end(const Result<Response>& end);
  /// The client's end of the connection is closed, also by its death.
  void client_left();

  void carry(Response response, std::move_only_function<void()> undelivered, const std::shared_ptr<Host>& host);
  /// The server's end of the connection is closed without an answer.
  void break_off();
  /// Whether the server can know that the client is gone.
  bool known_gone();

  template <class... Arguments>
  void note(std::string_view who, fmt::format_string<const std::uint64_t&, const Arguments&...> what,
            const Arguments&... arguments) const {
    if (network_->open) network_->trace.note(network_->clock.now(), who, what, number_, arguments...);
  }

  const std::string from, to;
  const Request request;
  const std::shared_ptr<Connection> connection;

 private:
  enum class Leg : std::uint8_t { connecting, there, back, none };
  struct Answer;

  bool strikes(double rate, Sabotage kind, std::string_view what);
  void strike(Sabotage kind, std::string_view what) const;
  Duration travel(Leg leg);
  void set_out();
  void arrive();
  void deliver(Answer& answer);
  void give_back(Answer& answer);
  void finish(Result<Response> outcome);
  void finish_later(Result<Response> outcome);
  void look();

  std::shared_ptr<Network> network_;
  LinkFaults& link_;
  const std::uint64_t number_;
  Leg slow_leg_ = Leg::none;
  int arrived_ = 0;
  int copies_ = 0;  ///< of the request, on their way or with a server that has not closed the connection
  std::optional<Result<Response>> outcome_;
  bool answered_ = false;  ///< an answer reached the client
  bool ended_ = false;
  Instant seen_;                 ///< when the client was last known to be there
  std::optional<Instant> left_;  ///< when it went away
};

/// A call, or one copy of it, at its server.
class Served final : public ServedCall {
 public:
  Served(std::shared_ptr<Call> call, std::shared_ptr<Host> host, bool is_copy);
  /// A call that nobody answers any more, as when its process died.
  ~Served() override;

  const Request& request() const override { return call_->request; }
  std::string client() const override { return call_->from; }
  std::shared_ptr<const Connection> connection() const override { return call_->connection; }
  bool is_copy() const override { return is_copy_; }
  bool gone() const override { return cut_ || call_->known_gone(); }
  void answer(Response response, std::move_only_function<void()> undelivered) override;
  void reset() override { cut(); }
  void cut();

 private:
  std::shared_ptr<Call> call_;
  std::shared_ptr<Host> host_;
  std::uint64_t number_;
  const bool is_copy_;
  bool answered_ = false;
  bool cut_ = false;
};

}  // namespace standin::sim
