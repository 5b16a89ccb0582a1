#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/event.h"
#include "net/asio_clock.h"
#include "net/connection.h"
#include "net/connection_body.h"
#include "net/door.h"
#include "net/head.h"
#include "net/reader.h"
#include "net/server.h"
#include "net/turns.h"

namespace standin {

class Http2Session;
class Session;

/// One more, while it lives.
class Counted {
 public:
  explicit Counted(std::atomic<std::size_t>& count) : count_(count) { count_.fetch_add(1, std::memory_order_relaxed); }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { count_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  std::atomic<std::size_t>& count_;
};

/// What a client is told whose request was not accepted.
Response response_to(const FramingRefusal& refusal);

/// What a server's sessions share.
struct Sessions {
  Sessions(ServerLimits server_limits, Handler server_handler, std::shared_ptr<Door> server_door,
           std::shared_ptr<Turns> loop_turns)
      : limits(server_limits),
        handler(std::move(server_handler)),
        door(std::move(server_door)),
        turns(std::move(loop_turns)) {}

  const ServerLimits limits;
  const Handler handler;
  const std::shared_ptr<Door> door;
  const std::shared_ptr<Turns> turns;
  std::unordered_set<Session*> open;
  bool draining = false;
  Event all_closed;  ///< set while draining
  std::atomic<std::size_t> connections = 0;
  std::atomic<std::size_t> in_flight = 0;
};

/// One client's connection: reads a request, has it handled, answers, and so on. Bytes of a next request wait
/// meanwhile, so that answers to pipelined requests are in order.
class Session final : public Client, public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Sessions> sessions, std::shared_ptr<const ListenOn> listener,
          std::shared_ptr<Connection> connection, Door::Pass pass, const SocketAddress& peer);

  /// A session's place among the open ones.
  class Place {
   public:
    explicit Place(Session& session);
    Place(Place&& other) noexcept : session_(std::exchange(other.session_, nullptr)) {}
    ~Place();

   private:
    Session* session_;
  };

  /// The session's whole life.
  static Task<> run(std::shared_ptr<Session> self, Place place);

  bool gone() const override { return connection_->gone(); }
  std::string address() const override { return address_; }
  bool secure() const override { return listener_->tls != nullptr; }
  std::optional<Instant> begun() const override { return begun_; }
  void interim(const Response& response) const override;

  /// Ends the session if it waits for a next request of which nothing has arrived, or is a tunnel: that may have no
  /// end. Who has only just connected is about to send a first one, and is waited for a moment.
  void wind_down();
  /// Ends the session at once.
  void close() { connection_->close(); }

 private:
  /// How a session goes on after one request.
  enum class Next {
    request,   ///< the connection stays open
    farewell,  ///< our last answer is written: the connection is closed when the client has had time to read it
    http2,     ///< the client has begun to speak it
    nothing,   ///< the connection has ended, or holds nothing worth waiting for
  };

  Task<bool> begin();
  Task<bool> learn_client();
  Task<bool> agree_on_tls();
  bool awaits_preface();
  Task<> speak_http2();
  bool streams() const { return sessions_->limits.streamed_body.has_value(); }
  Task<Reading> receive();
  Reading parse();
  bool has_answered() const { return answered_ != Instant(); }
  bool sent_away(ErrorCode error) const;
  Task<Reading> ended(ErrorCode error);
  Task<Next> serve(Reading reading);
  Request take();
  void begin_head();
  void write_interim(std::string_view bytes) const;
  Task<Next> answer(Reply& reply);
  Task<Next> refuse();
  // session_stream.cc
  Length length_of(const Response& response) const;
  Task<Next> stream(Reply reply, bool close);
  Task<std::string_view> pass_on(const Response& response, Length length, std::uint64_t& sent);
  std::string_view who_broke_off() const;
  StreamEnd end_of_stream(std::uint64_t sent, std::string_view cut) const;
  Next leave_body(Next next);
  Next leave(Reply& reply);

  Task<ErrorCode> write_rest(Outgoing& out);
  Next parting() const;
  Task<> farewell();
  Task<bool> was_reset(ErrorCode error);
  Task<bool> reset_after_end();
  void not_delivered();

  const std::shared_ptr<Sessions> sessions_;
  const std::shared_ptr<const ListenOn> listener_;
  const std::shared_ptr<Connection> connection_;
  Door::Pass pass_;
  std::string address_;      ///< the client's
  bool from_proxy_ = false;  ///< the connection is a trusted proxy's
  RequestReader reader_;
  FramingRefusal refusal_;
  std::string head_;
  bool may_be_http2_ = false;
  bool speaks_http2_ = false;
  Http2Session* http2_ = nullptr;  ///< while the connection is its
  bool awaiting_first_byte_ = false;
  Instant opened_ = steady_now();  ///< since when a first request may come: of a TLS connection, both have agreed
  std::optional<Instant> begun_;   ///< the request that is read or answered
  Instant answered_;               ///< the one before it
  std::size_t requests_ = 0;
  bool continued_ = false;
  // Of the request that is being answered:
  bool whole_ = true;  ///< all of its body had arrived
  bool speaks_1_1_ = true;
  bool wants_end_ = false;  ///< of the connection, behind this answer
  bool keep_alive_ = true;
  bool to_head_ = false;
  std::uint64_t received_ = 0;          ///< bytes of its body that were handed on with it
  std::shared_ptr<IncomingBody> body_;  ///< the rest of it
  bool tunnel_ = false;
  mutable std::string unsent_;  ///< of answers before the final one
  /// Of answers that were written and whose arrival nothing has confirmed yet.
  std::vector<std::move_only_function<void()>> unconfirmed_;
};

}  // namespace standin
