#include "app/demo_story.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <filesystem>

#include "app/demo_audience.h"
#include "app/demo_count.h"
#include "app/demo_signals.h"
#include "app/demo_stage.h"
#include "app/demo_standin.h"
#include "app/table.h"
#include "net/asio_clock.h"
#include "rehearsal/shoppers.h"

namespace standin::demo {
namespace {

using namespace std::chrono_literals;
using rehearsal::Shoppers;

constexpr Duration look_every = 1s;
/// Nobody waits that long for a shop; it only bounds how long a shopper without an answer is counted as waiting.
constexpr Duration shopper_timeout = 10s;
/// The same shoppers every time; what the machine makes of them differs.
constexpr std::uint64_t seed = 20'261'122;

rehearsal::ShopperMix mix() {
  return {.floor_minor = floor_limit_minor,
          .most_minor = 180'00,
          .over_floor = 0.15,
          .declined = 0.04,
          .hang_up = 0.06,
          .retry = 0.1};
}

Result<Shoppers> invite(const Stage& stage, const Plan& plan) {
  return Shoppers::make({.url = stage.edge_url() + "/orders",
                         .arrivals = {.rate = plan.arrivals_per_second},
                         .mix = mix(),
                         .timeout = shopper_timeout,
                         .seed = seed});
}

int fail(const Error& error) {
  fmt::print(stderr, "standin demo: {}{}{}\n", error.what, error.where.empty() ? "" : ": ", error.where);
  return 1;
}

class Story {
 public:
  Story(const Options& options, Plan plan, Stage stage, Shoppers shoppers)
      : options_(options),
        plan_(std::move(plan)),
        stage_(std::move(stage)),
        shoppers_(std::move(shoppers)),
        standin_(stage_.socket(), stage_.console_port()) {}

  Result<void> perform();
  Result<Tally> judge();
  int announce(const Result<Tally>& tally);

 private:
  Result<void> play(const Beat& beat);
  Result<void> cause(const Beat& beat);
  Result<void> close();
  Result<void> watch_until(Instant end);
  Result<void> heed(Signal signal);
  bool drained();
  void invite_to_look_around() const;
  int stay(int status);
  int give_up(const Error& error);
  int end(int status);

  const Options options_;
  const Plan plan_;
  Stage stage_;
  Shoppers shoppers_;
  Standin standin_;
  boost::asio::io_context io_{1};
  AsioClock clock_{io_.get_executor()};
  Audience audience_{standin_, shoppers_, clock_, plan_.length()};
  Instant next_look_ = clock_.now();
};

Result<void> Story::perform() {
  shoppers_.phase(std::string(name(Act::healthy)));
  shoppers_.start();
  for (const Beat& beat : plan_.beats) {
    if (auto played = play(beat); !played) return played;
  }
  return close();
}

Result<void> Story::play(const Beat& beat) {
  audience_.begins(beat);
  shoppers_.phase(std::string(name(beat.act)));
  if (auto caused = cause(beat); !caused) return caused;
  return watch_until(clock_.now() + beat.span);
}

Result<void> Story::cause(const Beat& beat) {
  switch (beat.event) {
    case Event::nothing: return {};
    case Event::faults: return stage_.set_faults(beat.faults);
    case Event::kill: stage_.kill_shop(); return {};
    case Event::restart: return stage_.start_shop(beat.faults);
    case Event::replay: return standin_.start_replay();
    case Event::gateway: return stage_.set_gateway_faults(beat.gateway_faults);
  }
  unreachable();
}

/// The shoppers go, and what was promised or has to be looked up comes to its end.
Result<void> Story::close() {
  audience_.closing();
  shoppers_.ask_to_stop();
  const Instant end = clock_.now() + plan_.drain_within;
  while (clock_.now() < end && !(shoppers_.gone().is_set() && drained())) {
    if (auto watched = watch_until(std::min(end, clock_.now() + look_every)); !watched) return watched;
    const std::string& why = audience_.numbers().paused_why;
    if (!why.empty()) return failure("the replay is paused: " + why);
  }
  shoppers_.stop();
  return {};
}

/// Whatever still waits, waits for a person.
bool Story::drained() {
  const auto numbers = standin_.numbers();
  if (!numbers || numbers->in({"accepted", "replaying", "reversing", "cancelling", "charging"}) > 0) return false;
  if (numbers->in({"held"}) > 0) {
    const auto kept = standin_.kept();
    const auto waits = [](const KeptOrder& order) { return order.state == "held" && order.waits_for_time; };
    if (!kept || std::ranges::any_of(kept->orders, waits) || std::ranges::any_of(kept->charges, waits)) return false;
  }
  const auto books = stage_.books();
  return books && std::ranges::all_of(books->orders, [](const rehearsal::ShopOrder& order) {
           return order.state == rehearsal::OrderState::accepted || order.state == rehearsal::OrderState::cancelled;
         });
}

Result<void> Story::watch_until(Instant end) {
  while (clock_.now() < end) {
    if (clock_.now() >= next_look_) {
      audience_.look();
      next_look_ = std::max(next_look_ + look_every, clock_.now());
    }
    const Signal signal = next_signal(std::min(next_look_, end) - clock_.now());
    if (auto heeded = heed(signal); !heeded) return heeded;
  }
  return {};
}

Result<void> Story::heed(Signal signal) {
  switch (signal) {
    case Signal::none: return {};
    case Signal::stop: return failure("ended before the count");
    case Signal::child_ended: return stage_.all_alive();
  }
  unreachable();
}

Result<Tally> Story::judge() {
  auto kept = standin_.kept();
  if (!kept) return std::unexpected(kept.error());
  const auto numbers = standin_.numbers();
  if (!numbers) return std::unexpected(numbers.error());
  auto books = stage_.books();
  if (!books) return std::unexpected(books.error());
  auto payments = stage_.payments();
  if (!payments) return std::unexpected(payments.error());
  Evidence evidence{.attempts = shoppers_.stats().attempts(),
                    .books = std::move(*books),
                    .payments = std::move(*payments),
                    .kept = std::move(*kept),
                    .exposure_peak_minor = numbers->exposure_peak_minor,
                    .deadline = plan_.deadline,
                    .phases = {}};
  for (const Act act : acts) evidence.phases.emplace_back(name(act));
  return count(evidence);
}

int Story::announce(const Result<Tally>& tally) {
  audience_.leave();
  if (!tally) return give_up(tally.error());
  fmt::print("{}", table(*tally, plan_.deadline, may_colour()));
  if (tally->clean()) {
    fmt::print(
        "\nThe shop was slow, dead and broken; then the gateway was gone.\n"
        "No customer noticed; every promise was kept, and nobody was charged twice.\n");
  } else {
    stage_.keep_folder();
    fmt::print("\nNot everything is as it should be.\n{}", accusations(*tally, stage_.folder()));
    fmt::print("Everybody's books are in {}; `standin serve -c demo.toml` in there opens the journal again.\n",
               stage_.folder());
  }
  std::fflush(stdout);
  return stay(tally->clean() ? 0 : 1);
}

int Story::give_up(const Error& error) {
  fail(error);
  if (stop_was_asked()) {
    fmt::print("Everybody is sent home; Ctrl-C again does not wait for them.\n");
    std::fflush(stdout);
  } else {
    stage_.keep_folder();
    fmt::print(stderr, "What was written down is in {}\n", stage_.folder());
  }
  shoppers_.ask_to_stop();
  return end(1);
}

int Story::stay(int status) {
  if (options_.once) return end(status);
  invite_to_look_around();
  while (next_signal(1h) != Signal::stop) {
    if (const auto alive = stage_.all_alive(); !alive) {
      stage_.keep_folder();
      return end(fail(alive.error()));
    }
  }
  return end(status);
}

int Story::end(int status) {
  const auto stopped = stage_.stop();
  if (stopped || status != 0) return status;
  stage_.keep_folder();
  return fail(stopped.error());
}

void Story::invite_to_look_around() const {
  std::error_code ignored;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe", ignored).string();
  fmt::print(
      "\nEverything but the shoppers keeps running until Ctrl-C. Look around meanwhile:\n"
      "  curl -s {1}/orders -H 'Content-Type: application/json' \\\n"
      "    -H 'Idempotency-Key: mine-1' -d '{{\"order\":{{\"total_cents\":1250, \"currency\":\"USD\",\n"
      "    \"merchant_id\":\"m-1\", \"customer_id\":\"me\", \"cart_id\":\"mine-1\",\n"
      "    \"location_id\":\"location-1\", \"items\":[{{\"sku\":\"tea\"}}]}}}}'\n"
      "  curl -s -X PUT {0}/faults -d '{{\"answer\":\"status\", \"status\":500}}'\n"
      "  curl -s -X PUT {0}/faults -d '{{}}'     # heals the shop\n"
      "  curl -s -X PUT {5}/_control/faults -d '[{{\"fault\":\"refuse\"}}]'\n"
      "  curl -s -X PUT {5}/_control/faults -d '[]'  # heals the gateway\n"
      "  curl -s {5}/_control/judge\n"
      "  curl -s {2}/metrics\n"
      "  export STANDIN_SOCKET={3}\n"
      "  {4} orders list --state refused\n"
      "  {4} followups\n"
      "  {4} upstreams\n",
      stage_.shop_url(), stage_.edge_url(), stage_.console_url(), stage_.socket(), program,
      stage_.gateway_control_url());
  std::fflush(stdout);
}

/// Everything is up, and nobody has come yet.
Result<Stage> set_the_stage(const Plan& plan, const std::string& keep) {
  auto stage = Stage::open(plan, keep);
  if (!stage) return stage;
  if (auto gateway = stage->start_gateway(); !gateway) return std::unexpected(gateway.error());
  if (auto standin = stage->start_standin(); !standin) return std::unexpected(standin.error());
  if (auto shop = stage->start_shop({}); !shop) return std::unexpected(shop.error());
  fmt::print(
      "The shop     {0}\nstandin      {1} in front of it\nthe gateway  three locations, charged through {1}/gate\n"
      "its metrics  {2}/metrics\nbooks, logs  {3}\n",
      stage->shop_url(), stage->edge_url(), stage->console_url(), stage->folder());
  std::fflush(stdout);
  return stage;
}

}  // namespace

int play(const Options& options) {
  hold_signals();
  const Plan plan = plan_for(options.length);
  auto stage = set_the_stage(plan, options.keep);
  if (!stage) return fail(stage.error());
  auto shoppers = invite(*stage, plan);
  if (!shoppers) return fail(shoppers.error());
  Story story(options, plan, std::move(*stage), std::move(*shoppers));
  const auto performed = story.perform();
  if (!performed) return story.announce(std::unexpected(performed.error()));
  return story.announce(story.judge());
}

}  // namespace standin::demo
