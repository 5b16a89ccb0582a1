#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>

#include "base/task.h"
#include "base/time.h"

namespace standin::rehearsal {

/// What a supervisor's patience (often 10 s before SIGKILL) leaves for requests in flight.
constexpr Duration stop_within = std::chrono::seconds(8);

template <class Server>
Task<> stop_then_end(Server& server, boost::asio::io_context& io) {
  co_await server.stop(stop_within);
  io.stop();
}

/// From its construction on, SIGTERM or SIGINT ends the loop once what is in flight is answered. Both must outlive it.
template <class Server>
class StopOnSignal {
 public:
  StopOnSignal(Server& server, boost::asio::io_context& io) : signals_(io, SIGINT, SIGTERM) {
    signals_.async_wait([&](const boost::system::error_code& wrong, int) {
      if (!wrong) spawn(io.get_executor(), stop_then_end(server, io));
    });
  }

 private:
  boost::asio::signal_set signals_;
};

}  // namespace standin::rehearsal
