#include "rehearsal/gateway/gateway.h"

#include <fmt/format.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cstdio>
#include <set>

#include "base/event.h"
#include "base/use_task.h"
#include "net/asio_clock.h"
#include "rehearsal/gateway/fields.h"
#include "rehearsal/gateway/gateway_control.h"
#include "rehearsal/gateway/gateway_ledger.h"
#include "rehearsal/open_files.h"
#include "rehearsal/raw_session.h"
#include "rehearsal/stop_on_signal.h"

namespace standin::rehearsal {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;

// Ten minutes of a hang at 30 charges a second.
constexpr std::size_t connections_max = 20'000;
// Accepting fails when files run out; trying again at once would only spin.
constexpr Duration accept_again_after = std::chrono::milliseconds(50);
constexpr std::string_view control_path = "/_control/";

using Delivery = GatewayAnswer::Delivery;

RawAnswer raw(GatewayAnswer answer) {
  using Then = RawAnswer::Then;
  if (answer.delivery == Delivery::hang) return {{}, Then::hang};
  if (answer.delivery == Delivery::reset) return {{}, Then::reset};
  std::string bytes = to_wire(answer.response);
  if (answer.delivery == Delivery::whole) return {std::move(bytes), Then::keep_open};
  if (answer.delivery == Delivery::twice) return {bytes + bytes, Then::keep_open};
  bytes.resize(bytes.size() - (answer.response.body.size() + 1) / 2);
  return {std::move(bytes), Then::close};
}

}  // namespace

/// A listening port and its connections.
struct Door {
  tcp::endpoint endpoint;
  std::shared_ptr<Acceptor> acceptor;  ///< nothing while it refuses
  std::set<std::shared_ptr<RawSession>> sessions;
};

struct Gateway::State : std::enable_shared_from_this<Gateway::State> {
  State(Executor on, GatewayLedger opened, GatewayModel made)
      : executor(std::move(on)), clock(executor), ledger(std::move(opened)), model(std::move(made)) {}

  Result<void> add_door(const GatewayLocation& location);
  Result<void> open_door(std::size_t number);
  void close_door(std::size_t number);
  Result<void> match_doors();
  void commit(const std::vector<GatewayWrite>& writes);

  Task<> accept_all(std::size_t number, std::shared_ptr<Acceptor> acceptor);
  Task<> serve(std::size_t number, std::shared_ptr<RawSession> session);
  void leave(std::size_t number, const std::shared_ptr<RawSession>& session);
  std::size_t connections() const;
  void close_all();
  bool is_control(std::size_t number) const { return number + 1 == doors.size(); }

  Task<RawAnswer> respond(std::size_t number, Request request);
  RawAnswer control(const Request& request);

  Executor executor;
  AsioClock clock;
  GatewayLedger ledger;
  GatewayModel model;
  std::vector<Door> doors;  ///< the locations', and the control's as the last
  bool stopping = false;
  Event all_gone;
};

Result<void> Gateway::State::add_door(const GatewayLocation& location) {
  boost::system::error_code wrong;
  const auto address = asio::ip::make_address(location.address, wrong);
  if (wrong) return failure("the gateway listens on numeric addresses, such as 127.0.0.1", location.address);
  doors.push_back({.endpoint = tcp::endpoint(address, location.port)});
  return open_door(doors.size() - 1);
}

Result<void> Gateway::State::open_door(std::size_t number) {
  Door& door = doors[number];
  boost::system::error_code wrong;
  const auto acceptor = std::make_shared<Acceptor>(executor);
  acceptor->open(door.endpoint.protocol(), wrong);
  if (!wrong) acceptor->set_option(asio::socket_base::reuse_address(true), wrong);
  if (!wrong) acceptor->bind(door.endpoint, wrong);
  if (!wrong) acceptor->listen(asio::socket_base::max_listen_connections, wrong);
  if (wrong) {
    return failure(fmt::format("the gateway cannot listen: {}", wrong.message()),
                   fmt::format("{}:{}", door.endpoint.address().to_string(), door.endpoint.port()));
  }
  door.endpoint = acceptor->local_endpoint();
  door.acceptor = acceptor;
  spawn(executor, accept_all(number, acceptor));
  return {};
}

void Gateway::State::close_door(std::size_t number) {
  Door& door = doors[number];
  boost::system::error_code ignored;
  if (door.acceptor) door.acceptor->close(ignored);
  door.acceptor.reset();
  for (const auto& session : door.sessions) session->close();
}

/// Opens and closes locations as the faults say.
Result<void> Gateway::State::match_doors() {
  Result<void> all;
  for (std::size_t number = 0; number + 1 < doors.size(); ++number) {
    const bool refuses = model.refuses(number);
    if (refuses && doors[number].acceptor) close_door(number);
    if (refuses || doors[number].acceptor) continue;
    if (auto opened = open_door(number); !opened) all = opened;
  }
  return all;
}

void Gateway::State::commit(const std::vector<GatewayWrite>& writes) {
  const auto written = ledger.write(writes);
  if (!written) fmt::print(stderr, "standin sim gateway: {} ({})\n", written.error().what, written.error().where);
  ensure(written.has_value(), "the judge's ledger keeps everything");
}

Task<> Gateway::State::accept_all(std::size_t number, std::shared_ptr<Acceptor> acceptor) {
  const auto self = shared_from_this();
  while (!stopping && acceptor->is_open()) {
    boost::system::error_code wrong;
    RawSession::Socket socket(executor);
    co_await acceptor->async_accept(socket, asio::redirect_error(use_task, wrong));
    if (stopping || !acceptor->is_open()) co_return;
    if (wrong) {
      co_await clock.sleep_for(accept_again_after);
    } else if (connections() < connections_max) {
      socket.set_option(tcp::no_delay(true), wrong);
      const auto session = std::make_shared<RawSession>(std::move(socket));
      doors[number].sessions.insert(session);
      spawn(executor, serve(number, session));
    }
  }
}

Task<> Gateway::State::serve(std::size_t number, std::shared_ptr<RawSession> session) {
  const auto self = shared_from_this();
  bool more = true;
  while (more && !stopping) {
    auto request = co_await session->read();
    if (!request) break;
    auto answer = co_await respond(number, std::move(*request));
    more = co_await session->write(std::move(answer));
  }
  leave(number, session);
}

void Gateway::State::leave(std::size_t number, const std::shared_ptr<RawSession>& session) {
  session->close();
  doors[number].sessions.erase(session);
  if (stopping && connections() == 0) all_gone.set();
}

std::size_t Gateway::State::connections() const {
  std::size_t sum = 0;
  for (const Door& door : doors) sum += door.sessions.size();
  return sum;
}

void Gateway::State::close_all() {
  for (std::size_t number = 0; number < doors.size(); ++number) close_door(number);
}

Task<RawAnswer> Gateway::State::respond(std::size_t number, Request request) {
  if (is_control(number) || request.path().starts_with(control_path)) co_return control(request);
  auto exchange = model.arrive({number, std::move(request), clock.wall()});
  GatewayStep step;
  while (!step.answer) {
    if (step.wait > Duration{}) co_await clock.sleep_for(step.wait);
    step = model.next(exchange, clock.wall());
    commit(step.writes);
  }
  co_return raw(std::move(*step.answer));
}

RawAnswer Gateway::State::control(const Request& request) {
  auto answer = control_gateway(model, request);
  commit(answer.writes);
  if (const auto matched = match_doors(); !matched) {
    answer.response = gateway_response(500, "text/plain", matched.error().what + " " + matched.error().where);
  }
  return RawAnswer{to_wire(answer.response)};
}

Result<GatewayLocation> GatewayLocation::parse(std::string_view text) {
  GatewayLocation location;
  const auto equals = text.find('=');
  if (equals != std::string_view::npos) location.cluster = text.substr(equals + 1);
  const std::string_view place = text.substr(0, equals);
  const auto colon = place.rfind(':');
  const auto port =
      colon == std::string_view::npos ? std::nullopt : whole_number(place.substr(colon + 1), 0, UINT16_MAX);
  if (!port) return failure("a location reads ADDRESS:PORT or ADDRESS:PORT=CLUSTER", std::string(text));
  location.address = place.substr(0, colon);
  if (location.address.starts_with('[') && location.address.ends_with(']')) {
    location.address = location.address.substr(1, location.address.size() - 2);
  }
  location.port = static_cast<std::uint16_t>(*port);
  return location;
}

std::vector<SourceKey> rehearsal_keys() {
  return {{.key = "sandbox"},
          {.key = "sandbox-fold", .duplicates = DuplicateMode::fold},
          {.key = "sandbox-reject", .duplicates = DuplicateMode::reject},
          {.key = "sandbox-pin", .pin = "1234"},
          {.key = "sandbox-gb", .country = "GB", .currency = "GBP"}};
}

Result<Gateway> Gateway::open(Executor executor, GatewayOptions options) {
  raise_open_files();
  auto ledger = GatewayLedger::open(options.ledger);
  if (!ledger) return std::unexpected(ledger.error());
  auto records = ledger->read();
  if (!records) return std::unexpected(records.error());
  if (options.settings.keys.empty()) options.settings.keys = rehearsal_keys();
  options.settings.clusters.clear();
  for (const GatewayLocation& location : options.locations) {
    const std::size_t number = options.settings.clusters.size() + 1;
    options.settings.clusters.push_back(location.cluster.empty() ? fmt::format("ca{}01", 3 + number)
                                                                 : location.cluster);
  }
  GatewayModel model(std::move(options.settings), std::move(*records), options.seed);
  model.set_faults(std::move(options.faults));
  const auto state = std::make_shared<State>(std::move(executor), std::move(*ledger), std::move(model));
  options.locations.push_back(options.control);
  for (const GatewayLocation& location : options.locations) {
    if (const auto added = state->add_door(location); !added) {
      state->close_all();
      return std::unexpected(added.error());
    }
  }
  if (const auto matched = state->match_doors(); !matched) return std::unexpected(matched.error());
  return Gateway(state);
}

Gateway::Gateway(std::shared_ptr<State> state) : state_(std::move(state)) {}
Gateway::Gateway(Gateway&&) noexcept = default;

Gateway::~Gateway() {
  if (!state_) return;
  state_->stopping = true;
  state_->close_all();
}

std::vector<std::uint16_t> Gateway::ports() const {
  std::vector<std::uint16_t> all;
  for (const Door& door : state_->doors) all.push_back(door.endpoint.port());
  all.pop_back();
  return all;
}

std::uint16_t Gateway::control_port() const { return state_->doors.back().endpoint.port(); }

Task<> Gateway::stop(Duration within) {
  const auto state = state_;
  state->stopping = true;
  boost::system::error_code ignored;
  for (Door& door : state->doors) {
    if (door.acceptor) door.acceptor->close(ignored);
    for (const auto& session : door.sessions) session->finish();
  }
  if (state->connections() == 0) co_return;
  co_await state->all_gone.wait_until(state->clock, state->clock.now() + within);
  state->close_all();
}

int run_gateway(const GatewayOptions& options) {
  asio::io_context io(1);
  auto gateway = Gateway::open(io.get_executor(), options);
  if (!gateway) {
    fmt::print(stderr, "standin sim gateway: {} ({})\n", gateway.error().what, gateway.error().where);
    return 1;
  }
  const StopOnSignal stop(*gateway, io);
  fmt::print("control on {}:{}\n", options.control.address, gateway->control_port());
  const auto ports = gateway->ports();
  for (std::size_t number = 0; number < ports.size(); ++number) {
    fmt::print("location {} listening on {}:{}\n", number + 1, options.locations[number].address, ports[number]);
  }
  std::fflush(stdout);
  io.run();
  return 0;
}

}  // namespace standin::rehearsal
