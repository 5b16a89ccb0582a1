#include "app/demo_audience.h"

#include <fmt/format.h>

#include <cstdio>

#include "app/table.h"

namespace standin::demo {
namespace {

template <class T>
void push(std::deque<T>& values, T value) {
  values.push_back(value);
  if (values.size() > curve_seconds) values.pop_front();
}

std::uint64_t stood_in(const Numbers& numbers) {
  std::uint64_t sum = 0;
  for (const SideNumbers* side : {&numbers.orders, &numbers.charges}) {
    sum += side->answers("accepted") + side->answers("declined");
  }
  return sum;
}

}  // namespace

void Memory::add(std::uint64_t stood_in_so_far, Duration p99) {
  if (seen_) push(stood_in_, stood_in_so_far - so_far_);
  seen_ = true;
  so_far_ = stood_in_so_far;
  push(slowest_, p99);
}

Audience::Audience(Standin& standin, rehearsal::Shoppers& shoppers, const Clock& clock, Duration planned)
    : standin_(standin), shoppers_(shoppers), clock_(clock), began_(clock.now()) {
  sight_.planned = planned;
  if (on_terminal()) terminal_ = std::make_unique<Terminal>();
}

void Audience::begins(const Beat& beat) {
  const bool new_act = sight_.shop.empty() || beat.act != sight_.act;
  sight_.act = beat.act;
  sight_.shop = beat.shop;
  sight_.gateway = beat.gateway;
  if (new_act) say(fmt::format("{}: {}", name(beat.act), tale(beat.act)));
}

void Audience::closing() {
  sight_.closing = true;
  say("closing: the shoppers are gone; the last promises are kept.");
}

void Audience::say(const std::string& heading) const {
  if (!terminal_) fmt::print("\n{}\n", heading);
}

void Audience::look() {
  // A look that fails shows what the last one saw; whether standin runs is asked elsewhere.
  if (auto numbers = standin_.numbers()) sight_.standin = std::move(*numbers);
  const auto series = shoppers_.stats().series(2);
  if (series.size() == 2) sight_.last_second = series.front();  // the other one is still under way
  if (shoppers_.gone().is_set()) sight_.last_second = {};
  sight_.so_far = shoppers_.stats().summary().total.counts;
  sight_.in_flight = shoppers_.in_flight();
  sight_.elapsed = clock_.now() - began_;
  memory_.add(stood_in(sight_.standin), sight_.last_second.p99);
  sight_.stood_in = memory_.stood_in();
  sight_.slowest = memory_.slowest();
  if (terminal_) {
    terminal_->draw(screen(sight_, may_colour()));
  } else {
    fmt::print("{}", line(sight_));
    std::fflush(stdout);
  }
}

}  // namespace standin::demo
