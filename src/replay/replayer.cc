#include "replay/replayer.h"

#include <algorithm>

#include "base/limits.h"
#include "replay/next_step.h"
#include "telemetry/log.h"

namespace standin {
namespace {

using namespace std::chrono_literals;

/// How often a route looks for due orders; nobody waits for what is undone or looked up. A long list is read less
/// often: the loop has more to do.
constexpr Duration look_every = 100ms;
constexpr Duration look_aside_every = 1s;
/// And this much later after there was nothing to deliver.
constexpr Duration nothing_to_deliver = 200ms;
constexpr int look_share = 4;
/// How many due orders of one state it looks at in one go.
constexpr std::size_t look_at = 256;
/// A list of deliveries is worked off for so long before it is read again: pauses, single orders that a person asked
/// for and what became due are seen within it, however slow the pace.
constexpr Duration delivery_round = 1s;
/// An order whose party's breaker is open, or that is cut off, lets the others go by meanwhile.
constexpr Duration look_at_breaker_again = 2s;
/// Undoing does not wait for a person: so many at once, beside the replay's own concurrency.
constexpr std::size_t undo_concurrency = 4;
/// Orders that wait for one listing search: after a crash, the more share it the sooner all are known. Each is some 5
/// KiB of memory meanwhile.
constexpr std::size_t looked_for_at_once = 16'384;
constexpr std::size_t looked_for_in_one_go = 8192;
/// Begun between two other turns of the loop, which has health checks to do.
constexpr std::size_t begun_in_one_turn = 64;

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
      take_searches(route);
      state.work = std::make_shared<OrderWork>(ports_, std::move(route));
    }
  }
  // Without the lock: on its own event loop a coroutine runs at once, up to its first wait.
  for (const std::string& route_name : first_seen) {
    for (const Tend tend : {&Replayer::tend_deliveries, &Replayer::tend_undoing, &Replayer::tend_looking}) {
      spawn(executor_, run(shared_from_this(), route_name, tend));
    }
  }
}

/// One search for each upstream, whatever routes lead to it.
void Replayer::take_searches(ReplayRoute& route) {
  for (auto& [upstream, party] : route.parties) {
    if (party.queries->finding() != PartyQueries::Finding::by_listing) continue;
    auto& search = searches_[upstream];
    if (!search) search = std::make_shared<ListingSearch>(ports_.clock, ports_.random, executor_);
    search->use(party.party, party.queries);
    party.search = search;
  }
}

void Replayer::shut_down() {
  const std::lock_guard lock(mutex_);
  shutting_down_ = true;
  for (const auto& [upstream, search] : searches_) search->stop();
}

bool Replayer::idle() const {
  const std::lock_guard lock(mutex_);
  return std::ranges::all_of(routes_, [](const auto& entry) { return entry.second.in_flight.empty(); });
}

Task<> Replayer::run(std::shared_ptr<Replayer> self, std::string route, Tend tend) {
  while (true) {
    {
      const std::lock_guard lock(self->mutex_);
      if (self->shutting_down_) co_return;
    }
    const Instant begun = ports_.clock.now();
    co_await (this->*tend)(route);
    const Duration took = ports_.clock.now() - begun;
    const bool waits = tend == &Replayer::tend_deliveries;
    co_await self->ports_.clock.sleep_for(waits ? look_every : std::max(look_aside_every, look_share * took));
  }
}

Task<> Replayer::tend_deliveries(std::string route) {
  co_await release_wanted(route);
  const bool delivered = co_await deliver_due(route);
  if (!delivered) co_await ports_.clock.sleep_for(nothing_to_deliver);
}

/// False if there was nothing to deliver.
Task<bool> Replayer::deliver_due(std::string route) {
  if (!delivers(route)) co_return false;
  std::vector<OrderRow> promised = due_for_delivery(route);
  if (promised.empty()) end_if_done(route);
  bool delivers_any = false;
  std::ranges::sort(promised, {}, &OrderRow::created);
  const Instant round_ends = ports_.clock.now() + delivery_round;
  for (OrderRow& order : of_lane(route, Lane::delivering, std::move(promised))) {
    if (ports_.clock.now() >= round_ends) co_return true;
    Instant start{};
    {
      const std::lock_guard lock(mutex_);
      RouteState& state = routes_.at(route);
      if (!may_start(state, order, Lane::delivering)) continue;
      if (!state.work->is_let_through(order)) {
        state.resting.insert_or_assign(order.id, ports_.clock.now() + look_at_breaker_again);
        continue;
      }
      start = state.pace.next_start();
    }
    if (start > ports_.clock.now()) co_await ports_.clock.sleep_until(start);
    if (!begin(route, order, Lane::delivering)) continue;
    delivers_any = true;
    go_on(route, std::move(order), Lane::delivering);
  }
  co_return delivers_any;
}

Task<> Replayer::tend_undoing(std::string route) {
  std::vector<OrderRow> orders = due(route, {State::reversing, State::cancelling, State::charging}, look_at);
  if (delivers(route)) std::ranges::move(due_for_delivery(route), std::back_inserter(orders));
  for (OrderRow& order : of_lane(route, Lane::undoing, std::move(orders))) {
    if (begin(route, order, Lane::undoing)) go_on(route, std::move(order), Lane::undoing);
  }
  co_return;
}

// By the thousand after a crash: each is begun without a wait for the one before, and the loop has its turns in
// between.
Task<> Replayer::tend_looking(std::string route) {
  {
    const std::lock_guard lock(mutex_);
    RouteState& state = routes_.at(route);
    const bool full = state.busy[Lane::looking] + looked_for_in_one_go > looked_for_at_once;
    if (full || !state.work->searches_listings()) co_return;
  }
  std::vector<OrderRow> orders =
      due(route, {State::charging, State::reversing, State::cancelling}, looked_for_in_one_go);
  if (delivers(route)) std::ranges::move(due_for_delivery(route), std::back_inserter(orders));
  std::size_t begun = 0;
  for (OrderRow& order : of_lane(route, Lane::looking, std::move(orders))) {
    if (!begin(route, order, Lane::looking)) continue;
    go_on(route, std::move(order), Lane::looking);
    if (++begun % begun_in_one_turn == 0) co_await ports_.clock.sleep_for(Duration(0));
  }
}

std::vector<OrderRow> Replayer::of_lane(const std::string& route, Lane lane, std::vector<OrderRow> orders) const {
  const std::lock_guard lock(mutex_);
  const OrderWork& work = *routes_.at(route).work;
  std::erase_if(orders, [&](const OrderRow& order) { return work.lane_of(order) != lane; });
  return orders;
}

/// Takes a place for the order; false if it may not start now.
bool Replayer::begin(const std::string& route, const OrderRow& order, Lane lane) {
  const std::lock_guard lock(mutex_);
  RouteState& state = routes_.at(route);
  if (!may_start(state, order, lane)) return false;
  state.in_flight.insert(order.id);
  ++state.busy[lane];
  if (is_promised(order) && !order.facts.customer.empty()) ++state.customers[order.facts.customer];
  if (lane == Lane::delivering) state.pace.started(ports_.clock.now());
  return true;
}

void Replayer::go_on(const std::string& route, OrderRow order, Lane lane) {
  spawn(executor_, work_one(shared_from_this(), route, std::move(order), lane));
}

// A person started it for the orders of this outage: those of the next one wait for a person again.
void Replayer::end_if_done(const std::string& route) {
  {
    const std::lock_guard lock(mutex_);
    const RouteState& state = routes_.at(route);
    const auto busy = state.busy.find(Lane::delivering);
    if (!state.status.running || (busy != state.busy.end() && busy->second > 0)) return;
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

/// At most `limit` of each state that are neither in flight nor resting.
std::vector<OrderRow> Replayer::due(const std::string& route, std::initializer_list<State> states, std::size_t limit) {
  std::size_t passed_over = 0;
  {
    const std::lock_guard lock(mutex_);
    RouteState& state = routes_.at(route);
    std::erase_if(state.resting, [&](const auto& entry) { return entry.second <= ports_.clock.now(); });
    passed_over = state.in_flight.size() + state.resting.size();
  }
  const auto counts = ports_.journal.counts();
  std::vector<OrderRow> orders;
  for (const State state : states) {
    if (const auto found = counts.find(state); found == counts.end() || found->second == 0) continue;
    auto rows = ports_.journal.orders(
        {.state = state, .route = route, .until = ports_.clock.wall(), .due_only = true, .limit = limit + passed_over});
    if (rows) std::ranges::move(*rows, std::back_inserter(orders));
  }
  const std::lock_guard lock(mutex_);
  const RouteState& state = routes_.at(route);
  std::erase_if(orders, [&](const OrderRow& order) {
    return state.in_flight.contains(order.id) || state.resting.contains(order.id);
  });
  return orders;
}

/// Single orders are looked for by their names: any number of others may be older.
std::vector<OrderRow> Replayer::due_for_delivery(const std::string& route) {
  std::set<Ulid> wanted;
  {
    const std::lock_guard lock(mutex_);
    const RouteState& state = routes_.at(route);
    if (!state.status.running) wanted = state.wanted;
  }
  if (wanted.empty()) return due(route, {State::accepted, State::held, State::replaying}, look_at);
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

bool Replayer::may_start(const RouteState& state, const OrderRow& order, Lane lane) const {
  if (shutting_down_ || state.in_flight.contains(order.id) || state.resting.contains(order.id)) return false;
  const bool asked_for = state.status.running || state.wanted.contains(order.id);
  if (is_promised(order) && (state.status.paused || !asked_for)) return false;
  const auto found = state.busy.find(lane);
  const std::size_t busy = found == state.busy.end() ? 0 : found->second;
  switch (lane) {
    case Lane::undoing: return busy < undo_concurrency;
    case Lane::looking: return busy < looked_for_at_once;
    case Lane::delivering:
      if (busy >= state.work->route().stand_in.replay_concurrency) return false;
      return order.facts.customer.empty() || !state.customers.contains(order.facts.customer);
  }
  unreachable();
}

Task<> Replayer::work_one(std::shared_ptr<Replayer> self, std::string route, OrderRow order, Lane lane) {
  std::shared_ptr<OrderWork> work;
  {
    const std::lock_guard lock(self->mutex_);
    work = self->routes_.at(route).work;
  }
  OrderRow begun{.id = order.id, .state = order.state, .answered = order.answered};
  begun.facts.customer = order.facts.customer;
  const Worked worked = co_await work->work(std::move(order), lane);
  const std::lock_guard lock(self->mutex_);
  self->leave(self->routes_.at(route), begun, lane, worked);
}

void Replayer::leave(RouteState& state, const OrderRow& order, Lane lane, const Worked& worked) {
  state.in_flight.erase(order.id);
  --state.busy[lane];
  const bool again = worked.kind == Worked::Kind::failed || worked.kind == Worked::Kind::held || worked.rest;
  if (!again) state.wanted.erase(order.id);
  if (worked.rest) state.resting.insert_or_assign(order.id, ports_.clock.now() + *worked.rest);
  if (!is_promised(order)) return;
  if (const auto customer = state.customers.find(order.facts.customer); customer != state.customers.end()) {
    if (--customer->second == 0) state.customers.erase(customer);
  }
  count(state, worked, lane);
}

void Replayer::count(RouteState& state, const Worked& worked, Lane lane) {
  switch (worked.kind) {
    case Worked::Kind::settled: ++state.status.settled; break;
    case Worked::Kind::matched: ++state.status.matched; break;
    case Worked::Kind::refused: ++state.status.refused; break;
    case Worked::Kind::held: ++state.status.held; break;
    case Worked::Kind::failed: ++state.status.failed; break;
    case Worked::Kind::idle:
      // However slow the pace, older orders that wait for something leave room for the others.
      if (lane == Lane::delivering) state.pace.gave_way();
      return;
    case Worked::Kind::undone:
    case Worked::Kind::asked: return;
  }
  if (lane != Lane::delivering) return;
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
    if (const auto busy = state.busy.find(Lane::delivering); busy != state.busy.end()) {
      status.in_flight = static_cast<unsigned>(busy->second);
    }
    status.waiting = ports_.journal.waiting(route_name).value_or(0);
    all.push_back(std::move(status));
  }
  return all;
}

}  // namespace standin
