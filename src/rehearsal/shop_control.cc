#include "rehearsal/shop_control.h"

#include <boost/asio/io_context.hpp>

#include "net/asio_clock.h"
#include "net/client.h"

namespace standin::rehearsal {
namespace {

using namespace std::chrono_literals;

constexpr Duration patience = 3s;

Task<> put(Endpoint endpoint, Request request, Result<Response>& result) {
  const Executor executor = co_await this_executor();
  const AsioClock clock(executor);
  const Instant deadline = clock.now() + patience;
  HttpClient client(executor);
  result = co_await client.exchange(endpoint, request, {.send_before = deadline, .listen_until = deadline});
}

}  // namespace

Result<void> put_control(const std::string& url, const std::string& path, std::string json) {
  const auto endpoint = Endpoint::parse(url);
  if (!endpoint) return std::unexpected(endpoint.error());
  Request request{.method = "PUT", .target = path, .headers = {}, .body = std::move(json)};
  request.headers.set("Content-Type", "application/json");
  Result<Response> result = failure("nobody was asked", url);
  boost::asio::io_context io(1);
  spawn(io.get_executor(), put(*endpoint, std::move(request), result));
  io.run();
  if (!result) return std::unexpected(result.error());
  if (result->status != 200) return failure("the control is refused: " + result->body, url, Sent::answered);
  return {};
}

Result<void> set_faults_at(const std::string& url, const Faults& faults) {
  const auto set = put_control(url, "/faults", to_json(faults));
  const bool dies = faults.answer == Misbehaviour::die && faults.at == Moment::now;
  const bool silent = !set && set.error().sent != Sent::nothing && set.error().sent != Sent::answered;
  if (dies && silent) return {};
  return set;
}

}  // namespace standin::rehearsal
