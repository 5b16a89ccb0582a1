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

Result<void> set_faults_at(const std::string& url, const Faults& faults) {
  const auto endpoint = Endpoint::parse(url);
  if (!endpoint) return std::unexpected(endpoint.error());
  Request request{.method = "PUT", .target = "/faults", .headers = {}, .body = to_json(faults)};
  request.headers.set("Content-Type", "application/json");
  Result<Response> result = failure("the shop was not asked", url);
  boost::asio::io_context io(1);
  spawn(io.get_executor(), put(*endpoint, std::move(request), result));
  io.run();
  const bool dies = faults.answer == Misbehaviour::die && faults.at == Moment::now;
  if (!result && dies && result.error().sent != Sent::nothing) return {};
  if (!result) return std::unexpected(result.error());
  if (result->status != 200) return failure("the shop refuses the faults: " + result->body, url, Sent::answered);
  return {};
}

}  // namespace standin::rehearsal
