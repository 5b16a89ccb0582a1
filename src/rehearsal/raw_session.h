#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/task.h"
#include "net/message.h"
#include "rehearsal/shop_api.h"

namespace standin::rehearsal {

/// One client's connection to the shop. Reads honest HTTP/1.1 with Content-Length; writes whatever it is told to.
class RawSession {
 public:
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;

  explicit RawSession(Socket socket) : socket_(std::move(socket)) {}

  /// The next request; nothing at the connection's end, or if what came is not a request that the shop can read.
  Task<std::optional<Request>> read();
  /// Writes the answer and does what comes then. False if the connection is of no more use.
  Task<bool> write(RawAnswer answer);
  void close();
  /// Closes it now if nobody waits for an answer that will come, else once that is written.
  void finish();

 private:
  Task<bool> receive();
  Task<> wait_for_end();
  void reset();

  Socket socket_;
  std::string received_;
  bool idle_ = true;  ///< no request is being answered; a hang counts as idle
  bool finishing_ = false;
  bool last_ = false;  ///< the client wants the connection closed after the answer
};

}  // namespace standin::rehearsal
