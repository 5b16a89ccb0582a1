#include "replay/replayer.h"

#include <algorithm>

#include "base/limits.h"
#include "replay/next_step.h"
#include "telemetry/log.h"

namespace standin {
namespace {

using namespace std::chrono_literals;

/// How often a route looks for due orders.
constexpr Duration look_every = 100ms;
/// How many due orders of one state it looks at in one go.
constexpr std::size_t look_at = 256;
/// Undoing does not wait for a person: so many at once, beside the replay's own concurrency.
constexpr std::size_t undo_concurrency = 4;

}  // namespace

void Replayer::configure(std::vector<OrderWork::Route> routes) {
  std::vector<std::string> first_seen;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [route_name, state] : routes_) state.configured = false;
    for (OrderWork::Route& route : routes) {
      const std::string route_name = route.route.name;
      const bool known = routes_.contains(route_name);
      RouteState& state = routes_[route_name];
      state.configured = true;
      state.pace.limit(route.stand_in.replay_rate);
      if (!known) {
        state.pace = Pace(route.stand_in.replay_rate);
        state.status.route = route_name;
        first_seen.push_back(route_name);
      }
      if (route.stand_in.replay_by_itself) state.status.running = true;
      state.work = std::make_shared<OrderWork>(ports_, std::move(route));
    }
  }
  // Without the lock: on its own event loop a coroutine runs at once, up to its first wait.
  for (const std::string& route_name : first_seen) spawn(executor_, run(shared_from_this(), route_name));
}

void Replayer::shut_down() {
  const std::lock_guard lock(mutex_);
  shutting_down_ = true;
}

bool Replayer::idle() const {
  const std::lock_guard lock(mutex_);
  return std::ranges::all_of(routes_, [](const auto& entry) { return entry.second.in_flight.empty(); });
}

Task<> Replayer::run(std::shared_ptr<Replayer> self, std::string route) {
  while (true) {
    {
      const std::lock_guard lock(self->mutex_);
      if (self->shutting_down_) co_return;
    }
    co_await self->tend(route);
    co_await self->ports_.clock.sleep_for(look_every);
  }
}

Task<> Replayer::tend(std::string route) {
  co_await release_wanted(route);
  std::vector<OrderRow> orders = due(route, {State::reversing, State::cancelling});
  if (delivers(route)) {
    std::vector<OrderRow> promised = due_for_delivery(route);
    if (promised.empty()) end_if_done(route);
    std::ranges::sort(promised, {}, &OrderRow::created);
    std::ranges::move(promised, std::back_inserter(orders));
  }
  for (OrderRow& order : orders) {
    Instant start{};
    {
      const std::lock_guard lock(mutex_);
      RouteState& state = routes_.at(route);
      if (!may_start(state, order)) continue;
      if (!is_withdrawn(order.state)) start = state.pace.next_start();
      state.in_flight.insert(order.id);
      if (!order.facts.customer.empty()) state.customers.insert(order.facts.customer);
      if (start <= ports_.clock.now()) start = ports_.clock.now();
      if (!is_withdrawn(order.state)) state.pace.started(start);
    }
    if (start > ports_.clock.now()) co_await ports_.clock.sleep_until(start);
    spawn(executor_, work_one(shared_from_this(), route, std::move(order)));
  }
}

// A person started it for the orders of this outage: those of the next one wait for a person again.
void Replayer::end_if_done(const std::string& route) {
  {
    const std::lock_guard lock(mutex_);
    const RouteState& state = routes_.at(route);
    if (!state.status.running || !state.in_flight.empty()) return;
    if (state.work->route().stand_in.replay_by_itself) return;
  }
  if (has_orders(route)) return;
  const std::lock_guard lock(mutex_);
  routes_.at(route).status.running = false;
}

/// Accepted ones, or held ones that are looked at again without a person.
bool Replayer::has_orders(const std::string& route) const {
  const auto counts = ports_.journal.counts();
  for (const State state : {State::accepted, State::replaying, State::held}) {
    if (const auto found = counts.find(state); found == counts.end() || found->second == 0) continue;
    OrderFilter filter{.state = state, .route = route, .limit = 1};
    if (state == State::held) {
      filter.due_only = true;
      filter.until = never_due - std::chrono::milliseconds(1);
    }
    const auto rows = ports_.journal.orders(filter);
    if (!rows || !rows->empty()) return true;
  }
  return false;
}

// A person asked for single orders: those that wait become due. Once for each time they ask, or what is to be tried
// again later would be tried again at once.
Task<> Replayer::release_wanted(std::string route) {
  std::set<Ulid> wanted;
  {
    const std::lock_guard lock(mutex_);
    wanted.swap(routes_.at(route).to_release);
  }
  for (const Ulid& id : wanted) {
    const auto found = ports_.journal.orders({.id = id});
    if (!found || found->empty() || found->front().state != State::held) continue;
    if (found->front().due <= ports_.clock.wall()) continue;
    co_await ports_.journal.apply(Change{.lease = {id, 0},
                                         .to = State::held,
                                         .who = "operator",
                                         .why = "to be replayed now",
                                         .due = ports_.clock.wall()});
  }
}

std::vector<OrderRow> Replayer::due(const std::string& route, std::initializer_list<State> states) const {
  const auto counts = ports_.journal.counts();
  std::vector<OrderRow> orders;
  for (const State state : states) {
    if (const auto found = counts.find(state); found == counts.end() || found->second == 0) continue;
    auto rows = ports_.journal.orders(
        {.state = state, .route = route, .until = ports_.clock.wall(), .due_only = true, .limit = look_at});
    if (rows) std::ranges::move(*rows, std::back_inserter(orders));
  }
  return orders;
}

/// Single orders are looked for by their names: any number of others may be older.
std::vector<OrderRow> Replayer::due_for_delivery(const std::string& route) const {
  std::set<Ulid> wanted;
  {
    const std::lock_guard lock(mutex_);
    const RouteState& state = routes_.at(route);
    if (!state.status.running) wanted = state.wanted;
  }
  if (wanted.empty()) return due(route, {State::accepted, State::held, State::replaying});
  std::vector<OrderRow> orders;
  for (const Ulid& id : wanted) {
    auto rows = ports_.journal.orders({.id = id, .until = ports_.clock.wall(), .due_only = true});
    if (rows && !rows->empty() && !is_withdrawn(rows->front().state)) orders.push_back(std::move(rows->front()));
  }
  return orders;
}

bool Replayer::delivers(const std::string& route) const {
  const std::lock_guard lock(mutex_);
  const RouteState& state = routes_.at(route);
  return !state.status.paused && (state.status.running || !state.wanted.empty());
}

bool Replayer::may_start(const RouteState& state, const OrderRow& order) const {
  if (shutting_down_ || state.in_flight.contains(order.id)) return false;
  const unsigned concurrency = state.work->route().stand_in.replay_concurrency;
  if (is_withdrawn(order.state)) return state.in_flight.size() < concurrency + undo_concurrency;
  if (state.status.paused || state.in_flight.size() >= concurrency) return false;
  if (!state.status.running && !state.wanted.contains(order.id)) return false;
  return order.facts.customer.empty() || !state.customers.contains(order.facts.customer);
}

Task<> Replayer::work_one(std::shared_ptr<Replayer> self, std::string route, OrderRow order) {
  std::shared_ptr<OrderWork> work;
  {
    const std::lock_guard lock(self->mutex_);
    work = self->routes_.at(route).work;
  }
  const Ulid id = order.id;
  const std::string customer = order.facts.customer;
  const bool withdrawn = is_withdrawn(order.state);
  const Worked worked = co_await work->work(std::move(order));
  const std::lock_guard lock(self->mutex_);
  RouteState& state = self->routes_.at(route);
  state.in_flight.erase(id);
  const bool again = worked.kind == Worked::Kind::failed || worked.kind == Worked::Kind::held;
  if (!again) state.wanted.erase(id);
  state.customers.erase(customer);
  self->count(state, worked, withdrawn);
}

void Replayer::count(RouteState& state, const Worked& worked, bool withdrawn) {
  if (withdrawn) return;
  switch (worked.kind) {
    case Worked::Kind::settled: ++state.status.settled; break;
    case Worked::Kind::matched: ++state.status.matched; break;
    case Worked::Kind::refused: ++state.status.refused; break;
    case Worked::Kind::held: ++state.status.held; break;
    case Worked::Kind::failed: ++state.status.failed; break;
    case Worked::Kind::idle:
    case Worked::Kind::undone:
    case Worked::Kind::asked: return;
  }
  const bool answered = worked.kind != Worked::Kind::failed && worked.kind != Worked::Kind::held;
  if (answered) {
    state.pace.succeeded();
  } else {
    state.pace.failed(ports_.clock.now());
  }
  if (worked.pause && !state.status.paused) {
    state.status.paused = true;
    state.status.why = "the upstream's answer (" + worked.why + ") would be the same for every order";
    ports_.metrics.replay_paused(state.status.route, true);
    Log::warn("replay_paused", "route " + state.status.route + ": " + state.status.why);
  }
}

template <class Change>
Result<void> Replayer::change(const std::string& route, Change apply) {
  const std::lock_guard lock(mutex_);
  const auto named = routes_.find(route);
  const bool known = named != routes_.end() && named->second.configured;
  if (!route.empty() && !known) return failure("no protected route is called " + route);
  for (auto& [route_name, state] : routes_) {
    if (state.configured && (route.empty() || route == route_name)) apply(state);
  }
  return {};
}

Result<void> Replayer::start(const ReplayOrder& what) {
  if (what.order) {
    const auto found = ports_.journal.orders({.id = *what.order});
    if (!found) return std::unexpected(found.error());
    if (found->empty()) return failure("no order is called " + what.order->text());
    return change(found->front().route, [&](RouteState& state) {
      state.wanted.insert(*what.order);
      state.to_release.insert(*what.order);
    });
  }
  return change(what.route, [&](RouteState& state) {
    if (!state.status.running) {
      state.status = {.route = state.status.route, .paused = state.status.paused, .why = state.status.why};
    }
    state.status.running = true;
    if (what.rate) state.pace.limit(*what.rate);
  });
}

Result<void> Replayer::pause(const std::string& route, const std::string& who) {
  return change(route, [&](RouteState& state) {
    state.status.paused = true;
    state.status.why = "paused by " + who;
    ports_.metrics.replay_paused(state.status.route, true);
  });
}

Result<void> Replayer::resume(const std::string& route) {
  return change(route, [&](RouteState& state) {
    state.status.paused = false;
    state.status.why.clear();
    ports_.metrics.replay_paused(state.status.route, false);
  });
}

Result<void> Replayer::stop(const std::string& route) {
  return change(route, [](RouteState& state) {
    state.status.running = false;
    state.wanted.clear();
    state.to_release.clear();
  });
}

std::vector<ReplayStatus> Replayer::status() const {
  const std::lock_guard lock(mutex_);
  std::vector<ReplayStatus> all;
  for (const auto& [route_name, state] : routes_) {
    if (!state.configured) continue;
    ReplayStatus status = state.status;
    status.rate = state.pace.rate();
    status.in_flight = static_cast<unsigned>(state.in_flight.size());
    status.waiting = ports_.journal.waiting(route_name).value_or(0);
    all.push_back(std::move(status));
  }
  return all;
}

}  // namespace standin
