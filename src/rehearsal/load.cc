#include "rehearsal/load.h"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>

#include "net/asio_clock.h"

namespace standin::rehearsal {
namespace {

using namespace std::chrono_literals;

void print_progress(const Shoppers& shoppers) {
  const auto series = shoppers.stats().series(2);
  if (series.size() < 2) return;
  const SecondOfLoad& whole = series.front();  // the last one is still under way
  const LoadCounts& c = whole.counts;
  fmt::print(stderr, "{:>5} s  {:>6} arrivals/s  {:>6} yes  {:>5} no  {:>4} errors  {:>5} in flight  p50 {}  p99 {}\n",
             whole.second, c.arrivals, c.yes, c.no, c.errors(), shoppers.in_flight(), readable(whole.p50),
             readable(whole.p99));
}

Task<> watch(Clock& clock, Shoppers& shoppers, bool progress, boost::asio::signal_set& signals) {
  bool gone = false;
  while (!gone) {
    gone = co_await shoppers.gone().wait_until(clock, clock.now() + 1s);
    if (progress) print_progress(shoppers);
  }
  signals.cancel();
}

void run_to_the_end(Shoppers& shoppers, bool progress) {
  boost::asio::io_context io(1);
  AsioClock clock(io.get_executor());
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code& wrong, int) {
    if (!wrong) shoppers.ask_to_stop();
  });
  shoppers.start();
  spawn(io.get_executor(), watch(clock, shoppers, progress, signals));
  io.run();
  shoppers.stop();
}

}  // namespace

int run_load(const LoadOptions& options) {
  auto shoppers = Shoppers::make(options.shoppers);
  if (!shoppers) {
    fmt::print(stderr, "standin load: {} {}\n", shoppers.error().what, shoppers.error().where);
    return 2;
  }
  run_to_the_end(*shoppers, options.progress);
  const LoadSummary summary = shoppers->stats().summary();
  fmt::print("{}{}", options.json ? to_json(summary) : to_table(summary), options.json ? "\n" : "");
  int status = 0;
  for (const Threshold& threshold : options.fail_if) {
    if (!threshold.crossed(summary.total)) continue;
    fmt::print(stderr, "standin load: failed: {}\n", threshold.text);
    status = 1;
  }
  return status;
}

}  // namespace standin::rehearsal
