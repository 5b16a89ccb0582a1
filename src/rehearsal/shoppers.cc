#include "rehearsal/shoppers.h"

#include <fmt/format.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <thread>

#include "base/random.h"
#include "net/asio_clock.h"
#include "net/client.h"
#include "rehearsal/hang_up.h"
#include "rehearsal/load_report.h"
#include "rehearsal/open_files.h"

namespace standin::rehearsal {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

struct Destination {
  Endpoint endpoint;
  std::string target;  ///< the URL's path
};

Result<Destination> destination_of(const std::string& url) {
  auto endpoint = Endpoint::parse(url);
  if (!endpoint) return std::unexpected(endpoint.error());
  Destination destination{.endpoint = *endpoint, .target = endpoint->base_path};
  destination.endpoint.base_path.clear();
  if (destination.target.empty()) destination.target = "/orders";
  return destination;
}

std::string wire_to(const Endpoint& endpoint, Request request) {
  request.headers.set("Host", fmt::format("{}:{}", endpoint.host, endpoint.port));
  return to_wire(request);
}

/// Unlike any other run's, whatever the seed.
std::string fresh_run() { return fmt::format("{:016x}", system_random().next()); }

}  // namespace

struct Shoppers::State {
  State(ShopperOptions asked, Destination to, File file)
      : options(std::move(asked)),
        destination(std::move(to)),
        attempts_file(std::move(file)),
        stats(options.keep_attempts),
        baskets(options.mix, options.seed, options.run),
        client(std::in_place, io.get_executor()) {}

  Task<> arrive();
  void one_arrives(Instant intended);
  Task<> shop(Basket basket, Instant intended);
  Task<Attempt> ask(Basket basket, Instant intended, bool retry);
  Task<Attempt> leave(Basket basket, Instant intended, bool retry);
  Attempt attempt_of(const Basket& basket, Instant intended, bool retry) const;
  void end(const Attempt& attempt);
  void end_if_all_gone();
  void run();

  const ShopperOptions options;
  const Destination destination;
  const File attempts_file;
  LoadStats stats;
  BasketMaker baskets;
  Event stop_asked;
  Event gone;
  std::atomic<std::size_t> in_flight = 0;
  bool arrivals_over = false;
  boost::asio::io_context io{1};
  AsioClock clock{io.get_executor()};
  std::optional<HttpClient> client;
  std::thread thread;
};

Task<> Shoppers::State::arrive() {
  const Instant start = clock.now();
  stats.start(start);
  for (std::uint64_t n = 0; !stop_asked.is_set(); ++n) {
    const auto since_start = options.arrivals.at(n);
    if (!since_start) break;
    const Instant intended = start + *since_start;
    bool stopped = false;
    if (intended > clock.now()) stopped = co_await stop_asked.wait_until(clock, intended);
    if (stopped) break;
    one_arrives(intended);
  }
  arrivals_over = true;
  end_if_all_gone();
}

void Shoppers::State::one_arrives(Instant intended) {
  stats.arrived(intended);
  Basket basket = baskets.make();
  if (in_flight >= options.in_flight_max) {
    Attempt attempt = attempt_of(basket, intended, false);
    attempt.ending = Ending::local_limit;
    return end(attempt);
  }
  ++in_flight;
  spawn(io.get_executor(), shop(std::move(basket), intended));
}

Task<> Shoppers::State::shop(Basket basket, Instant intended) {
  Attempt first;
  if (basket.hang_up) {
    first = co_await leave(basket, intended, false);
  } else {
    first = co_await ask(basket, intended, false);
  }
  end(first);
  if (basket.retry_after) {
    const Instant again = clock.now() + *basket.retry_after;
    const bool stopped = co_await stop_asked.wait_until(clock, again);
    if (!stopped) {
      const Attempt second = co_await ask(basket, again, true);
      end(second);
    }
  }
  --in_flight;
  end_if_all_gone();
}

Task<Attempt> Shoppers::State::ask(Basket basket, Instant intended, bool retry) {
  Attempt attempt = attempt_of(basket, intended, retry);
  const Request request = request_for(basket, options.mix, destination.target);
  const Instant deadline = intended + options.timeout;
  const ExchangeTimes times{
      .connect = options.timeout, .write = options.timeout, .send_before = deadline, .listen_until = deadline};
  const auto response = co_await client->exchange(destination.endpoint, request, times);
  attempt.latency = clock.now() - intended;
  if (!response) {
    attempt.ending = clock.now() >= deadline ? Ending::timed_out : Ending::connection_error;
    attempt.why = response.error().what;
    co_return attempt;
  }
  attempt.status = response->status;
  Heard heard = hear(*response);
  attempt.told = heard.told;
  attempt.reference = std::move(heard.reference);
  co_return attempt;
}

Task<Attempt> Shoppers::State::leave(Basket basket, Instant intended, bool retry) {
  Attempt attempt = attempt_of(basket, intended, retry);
  Request request = request_for(basket, options.mix, destination.target);
  const auto left = co_await hang_up_on(clock, destination.endpoint, wire_to(destination.endpoint, std::move(request)),
                                        *basket.hang_up, intended + options.timeout);
  attempt.latency = clock.now() - intended;
  attempt.ending = left ? Ending::hung_up : Ending::connection_error;
  if (!left) attempt.why = left.error().what;
  co_return attempt;
}

Attempt Shoppers::State::attempt_of(const Basket& basket, Instant intended, bool retry) const {
  return {.key = basket.key,
          .cart_id = basket.cart_id,
          .retry = retry,
          .amount_minor = basket.amount_minor,
          .when = clock.wall(),
          .intended = intended,
          .phase = stats.phase()};
}

void Shoppers::State::end(const Attempt& attempt) {
  stats.ended(attempt);
  if (attempts_file) fmt::print(attempts_file.get(), "{}\n", to_json(attempt));
}

void Shoppers::State::end_if_all_gone() {
  if (!arrivals_over || in_flight > 0) return;
  client.reset();  // its idle connections would keep the loop alive
  if (attempts_file) std::fflush(attempts_file.get());
  gone.set();
}

void Shoppers::State::run() {
  spawn(io.get_executor(), arrive());
  io.run();
}

Result<Shoppers> Shoppers::make(ShopperOptions options) {
  raise_open_files();
  auto destination = destination_of(options.url);
  if (!destination) return std::unexpected(destination.error());
  if (options.mix.hang_up > 0 && destination->endpoint.port == 0) {
    return failure("shoppers hang up over TCP alone, not over a Unix socket", options.url);
  }
  const bool ramp_without_end = options.arrivals.ramp_to && options.arrivals.span == Duration::zero();
  if (!(options.arrivals.rate > 0) || ramp_without_end) {
    return failure("arrivals need a rate above zero, and a ramp a duration");
  }
  File file;
  if (!options.attempts_file.empty()) {
    file.reset(std::fopen(options.attempts_file.c_str(), "w"));
    if (!file) return failure(std::strerror(errno), options.attempts_file);
  }
  if (options.run.empty()) options.run = fresh_run();
  return Shoppers(std::make_unique<State>(std::move(options), std::move(*destination), std::move(file)));
}

Shoppers::Shoppers(std::unique_ptr<State> state) : state_(std::move(state)) {}
Shoppers::Shoppers(Shoppers&&) noexcept = default;

Shoppers::~Shoppers() {
  if (state_) stop();
}

void Shoppers::start() {
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

void Shoppers::ask_to_stop() { state_->stop_asked.set(); }

void Shoppers::stop() {
  ask_to_stop();
  if (state_->thread.joinable()) state_->thread.join();
}

Event& Shoppers::gone() { return state_->gone; }

void Shoppers::phase(std::string label) { state_->stats.phase(std::move(label)); }

const LoadStats& Shoppers::stats() const { return state_->stats; }

std::size_t Shoppers::in_flight() const { return state_->in_flight; }

}  // namespace standin::rehearsal
