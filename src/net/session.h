#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/event.h"
#include "net/connection.h"
#include "net/reader.h"
#include "net/server.h"

namespace standin {

class Session;

/// What a server's sessions share.
struct Sessions {
  Sessions(ServerLimits server_limits, Handler server_handler)
      : limits(server_limits), handler(std::move(server_handler)) {}

  const ServerLimits limits;
  const Handler handler;
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
  Session(std::shared_ptr<Sessions> sessions, Socket socket, SocketAddress peer);

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
  std::string address() const override;

  /// Ends the session if it waits for a request of which nothing has arrived.
  void close_if_idle();
  /// Ends the session at once.
  void close() { connection_->close(); }

 private:
  /// How a session goes on after one request.
  enum class Next {
    request,   ///< the connection stays open
    farewell,  ///< our last answer is written: the connection is closed when the client has had time to read it
    nothing,   ///< the connection has ended, or holds nothing worth waiting for
  };

  Task<Next> serve_one();
  Task<Reading> receive();
  Reading parse();
  Task<Reading> fill();
  Task<ErrorCode> read_more();
  Task<Reading> ended(ErrorCode error);
  Task<Reply> handle(Request request);
  Task<Next> answer(Reply reply, bool to_head, bool close);
  Task<Next> refuse();
  Task<ErrorCode> write_rest(Outgoing& out);
  Task<> farewell();
  Task<bool> reset_after_end();
  void not_delivered();

  const std::shared_ptr<Sessions> sessions_;
  const std::shared_ptr<Connection> connection_;
  const SocketAddress peer_;
  RequestReader reader_;
  FramingRefusal refusal_;
  std::string head_;
  bool awaiting_first_byte_ = false;
  bool request_begun_ = false;
  bool continued_ = false;
  /// Of answers that were written and whose arrival nothing has confirmed yet.
  std::vector<std::move_only_function<void()>> unconfirmed_;
};

}  // namespace standin
