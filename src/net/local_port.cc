#include "net/local_port.h"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

namespace standin {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using Local = asio::local::stream_protocol;

/// How many ports above the preferred one are looked at.
constexpr std::uint16_t candidates = 100;

/// standin listens with SO_REUSEPORT: a second one would share the port, and get half of the customers. A port counts
/// as free only if it can be listened on alone.
bool nobody_listens(asio::io_context& io, std::uint16_t number) {
  boost::system::error_code wrong;
  Tcp::acceptor acceptor(io);
  acceptor.open(Tcp::v4(), wrong);
  if (!wrong) acceptor.set_option(asio::socket_base::reuse_address(true), wrong);
  if (!wrong) acceptor.bind({asio::ip::address_v4::loopback(), number}, wrong);
  if (!wrong) acceptor.listen(1, wrong);
  return !wrong;
}

}  // namespace

struct LocalPort::State {
  explicit State(std::uint16_t taken) : number(taken) {}

  /// A name in Linux's abstract namespace, which goes when its process does.
  bool reserve() {
    std::string name = fmt::format("standin-local-port-{}", number);
    name.insert(name.begin(), '\0');
    boost::system::error_code wrong;
    reservation.open(Local(), wrong);
    if (!wrong) reservation.bind(Local::endpoint(name), wrong);
    return !wrong;
  }

  std::uint16_t number;
  asio::io_context io{1};
  Local::acceptor reservation{io};
};

Result<LocalPort> LocalPort::take(std::uint16_t preferred) {
  for (std::uint16_t number = preferred; number < preferred + candidates; ++number) {
    auto state = std::make_unique<State>(number);
    if (state->reserve() && nobody_listens(state->io, number)) return LocalPort(std::move(state));
  }
  return failure(fmt::format("every port from {} to {} on 127.0.0.1 is taken: end what listens there", preferred,
                             preferred + candidates - 1));
}

LocalPort::LocalPort(std::unique_ptr<State> state) : state_(std::move(state)) {}
LocalPort::LocalPort(LocalPort&&) noexcept = default;
LocalPort::~LocalPort() = default;

std::uint16_t LocalPort::number() const { return state_->number; }

}  // namespace standin
