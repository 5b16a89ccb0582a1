#include "net/probe.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/error.hpp>

#include "base/event.h"
#include "net/asio_clock.h"
#include "net/connect.h"
#include "net/head.h"
#include "net/net_limits.h"
#include "net/reader.h"

namespace standin {
namespace {

namespace asio = boost::asio;

/// What the probes of one target share; they may outlive none of it.
struct Plan {
  Endpoint endpoint;
  std::string ping_path;
  std::shared_ptr<TlsClient> tls;
  std::string tls_problem;  ///< why there is no `tls`
};

void finish(ProbeStep& step, Instant begun, const std::string& problem) {
  step.took = steady_now() - begun;
  step.good = problem.empty();
  step.problem = problem;
}

std::string text_of(const ErrorCode& error) {
  if (error == asio::error::timed_out) return "no answer in time";
  return error ? error.message() : std::string();
}

Task<> shake_hands(std::shared_ptr<Connection> connection, std::shared_ptr<const Plan> plan, AddressProbe& probe) {
  probe.handshake.emplace();
  if (!plan->tls) {
    probe.handshake->problem = plan->tls_problem;
    co_return;
  }
  const Instant begun = steady_now();
  connection->set_deadline(begun + limits::probe_handshake);
  auto session = plan->tls->session(plan->endpoint.host, plan->endpoint.port, TlsCheck::reported);
  const ErrorCode error = co_await connection->secure(std::move(session));
  probe.peer = connection->tls()->peer();
  finish(*probe.handshake, begun, probe.peer.problem.empty() ? text_of(error) : probe.peer.problem);
}

void read_ping(Response response, WallTime asked, WallTime answered, PingAnswer& ping) {
  ping.status = response.status;
  ping.says = response.body.substr(0, std::min(response.body.find_first_of("\r\n"), limits::ping_shown));
  const auto date = read_http_date(response.headers.find("Date").value_or(""));
  // A Date is cut to seconds: half of one is its error on average.
  if (date) ping.skew = *date + std::chrono::milliseconds(500) - (asked + (answered - asked) / 2);
}

Task<Result<Response>> answer_over(std::shared_ptr<Connection> connection) {
  ResponseReader reader(limits::answer_head, limits::answer_body, {});
  while (true) {
    ErrorCode error;
    co_await connection->read(error);
    std::string_view bytes = connection->buffer().bytes();
    const std::size_t offered = bytes.size();
    Reading reading = reader.read(bytes);
    connection->buffer().consume(offered - bytes.size());
    if (error == asio::error::eof && reading == Reading::more) reading = reader.finish();
    if (reading == Reading::complete) co_return reader.take();
    if (reading == Reading::refused) co_return failure(std::string(reader.refusal().why));
    if (error) co_return failure(text_of(error));
  }
}

Task<> ping_over(std::shared_ptr<Connection> connection, std::shared_ptr<const Plan> plan, AddressProbe& probe) {
  const Executor executor = co_await this_executor();
  const AsioClock clock(executor);
  PingAnswer& ping = probe.ping.emplace();
  const Instant begun = steady_now();
  const WallTime asked = clock.wall();
  connection->set_deadline(begun + limits::probe_ping);
  Request request{.method = "GET", .target = plan->ping_path, .headers = {}, .body = {}};
  request.headers.add("Connection", "close");
  std::string head;
  append_head(head, request, plan->endpoint.base_path, host_field(plan->endpoint));
  Outgoing out(head, {});
  const ErrorCode error = co_await connection->write_rest(out);
  if (error) {
    finish(ping.step, begun, text_of(error));
    co_return;
  }
  auto answer = co_await answer_over(connection);
  finish(ping.step, begun, answer ? std::string() : answer.error().what);
  if (answer) read_ping(std::move(*answer), asked, clock.wall(), ping);
}

Task<> probe_address(SocketAddress address, std::shared_ptr<const Plan> plan, AddressProbe& probe) {
  const Executor executor = co_await this_executor();
  const auto connection = std::make_shared<Connection>(executor);
  const Instant begun = steady_now();
  const ErrorCode error = co_await connection->connect(std::move(address), begun + limits::probe_connect);
  finish(probe.connect, begun, text_of(error));
  if (error) co_return;
  if (plan->endpoint.tls) co_await shake_hands(connection, plan, probe);
  if (probe.handshake && !probe.handshake->good) co_return;
  if (!plan->ping_path.empty()) co_await ping_over(connection, plan, probe);
  connection->close();
}

/// Several at once, and the last one says so.
struct Rest {
  std::size_t count;
  Event none;
};

Task<> probe_one(SocketAddress address, std::shared_ptr<const Plan> plan, AddressProbe& probe,
                 std::shared_ptr<Rest> rest) {
  co_await probe_address(std::move(address), std::move(plan), probe);
  if (--rest->count == 0) rest->none.set();
}

Task<std::vector<SocketAddress>> find_addresses(const Endpoint& endpoint, ClientOptions options, TargetProbe& found) {
  std::vector<SocketAddress> addresses;
  const Instant begun = steady_now();
  if (endpoint.port == 0) {
    const auto path = unix_address(endpoint.host);
    finish(found.resolve, begun, path ? std::string() : path.error().what);
    if (path) addresses.push_back(*path);
    if (path) found.addresses.push_back({.address = endpoint.host});
    co_return addresses;
  }
  const Executor executor = co_await this_executor();
  const auto board = std::make_shared<DnsBoard>();
  // The party's own times to live, not what we make of them.
  options.dns.ttl_min = Duration::zero();
  options.dns.ttl_max = std::chrono::years(1);
  const auto resolver = std::make_shared<Resolver>(executor, std::move(options.dns), board);
  const auto resolved = co_await resolver->resolve(endpoint.host, begun + limits::probe_resolve);
  finish(found.resolve, begun, resolved ? std::string() : resolved.error().what);
  const auto shown = board->names();
  if (!shown.empty()) found.name = shown.front();
  if (!resolved) co_return addresses;
  if (found.name && !found.name->pinned) {
    const auto first = std::ranges::min(found.name->addresses, {}, &ResolvedName::Address::expires);
    found.ttl = std::chrono::ceil<std::chrono::seconds>(std::max(Duration::zero(), first.expires - steady_now()));
  }
  for (const auto& address : *resolved) {
    if (addresses.size() == limits::probe_addresses) break;
    addresses.push_back(socket_address(address, endpoint.port));
    found.addresses.push_back({.address = address.to_string()});
  }
  co_return addresses;
}

}  // namespace

Task<TargetProbe> probe(Endpoint endpoint, std::string ping_path, ClientOptions options) {
  const Executor executor = co_await this_executor();
  const auto plan = std::make_shared<Plan>(Plan{.endpoint = endpoint, .ping_path = ping_path});
  if (endpoint.tls) {
    const auto files = options.tls.find(fmt::format("{}:{}", endpoint.host, endpoint.port));
    auto tls = TlsClient::make(files == options.tls.end() ? TlsFiles() : files->second);
    if (tls) plan->tls = std::move(*tls);
    if (!tls) plan->tls_problem = tls.error().what;
  }
  TargetProbe found;
  const auto addresses = co_await find_addresses(endpoint, std::move(options), found);
  const auto rest = std::make_shared<Rest>(addresses.size());
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    spawn(executor, probe_one(addresses[i], plan, found.addresses[i], rest));
  }
  if (!addresses.empty()) co_await rest->none.wait();
  co_return found;
}

}  // namespace standin
