#include "sim/runner/operator.h"

#include <array>

namespace standin::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::array<const char*, 3> route_names = {"orders", "till", "payments"};
constexpr const char* who = "operator";

Task<> close_case(Journal& journal, std::int64_t id, std::string action) {
  co_await journal.update_follow_up(id, std::move(action), who, "looked into");
}

Task<> set_mode(Modes& modes, ModeRow row) { co_await modes.set(std::move(row)); }

}  // namespace

void Operator::note(std::string_view what, std::string_view about) {
  ports_.trace.note(ports_.world.now(), who, "{} {}", what, about);
}

std::string Operator::any_route() { return route_names.at(random_->below(route_names.size())); }

void Operator::meddle() {
  if (!ports_.node.alive()) return;
  ports_.on_meddling();
  switch (random_->below(11)) {
    case 0: return change_mode();
    case 1: return reload();
    case 10: return rotate_keys();
    case 2:
    case 3: return replay_one();
    case 4:
    case 5: return work_on_follow_ups();
    default: return meddle_with_replay();
  }
}

// An error, such as that nothing waits, is an answer too.
void Operator::meddle_with_replay() {
  const std::string route = any_route();
  ReplayControl& replay = ports_.node.replay(random_->below(2));
  switch (random_->below(5)) {
    case 0: note("pauses the replay of", route); return void(replay.pause(route, who));
    case 1: note("resumes the replay of", route); return void(replay.resume(route));
    case 2: note("stops the replay of", route); return void(replay.stop(route));
    default: note("starts the replay of", route); return void(replay.start({.route = route}));
  }
}

void Operator::replay_one() {
  const auto rows = ports_.node.journal().orders({.state = random_->below(2) == 0 ? State::held : State::accepted});
  if (!rows || rows->empty()) return;
  const OrderRow& row = rows->at(random_->below(rows->size()));
  note("replays one order:", row.id.text());
  return void(ports_.node.replay(random_->below(2)).start({.order = row.id}));
}

void Operator::change_mode() {
  constexpr std::array modes = {Mode::automatic, Mode::forced, Mode::off, Mode::shadow};
  const Mode mode = modes.at(random_->below(modes.size()));
  const WallTime until = ports_.world.clock().wall() + 20s;
  const std::string route = any_route();
  note(standin::name(mode), route);
  spawn(ports_.node.executor(), set_mode(ports_.node.modes(), {route, mode, until, who, "drill"}));
}

void Operator::reload() {
  note("reloads");
  const auto used = ports_.node.use(random_->below(2) == 0 ? ports_.scenario.reloaded : ports_.scenario.config);
  ensure(used.has_value(), "a configuration that was read is taken");
}

void Operator::rotate_keys() {
  note("rotates the keys of", Node::host);
  ports_.node.rotate_keys();
}

void Operator::tidy_up() {
  if (!ports_.node.alive()) return;
  const auto changed = ports_.node.modes().changed(ports_.world.clock().wall());
  for (const ModeRow& row : changed) {
    spawn(ports_.node.executor(), set_mode(ports_.node.modes(), {row.route, Mode::automatic, {}, who, "over"}));
  }
  for (const char* const route : route_names) {
    ReplayControl& replay = ports_.node.replay(0);
    if (const auto resumed = replay.resume(route); !resumed) note("cannot resume", route);
    if (const auto started = replay.start({.route = route}); !started) note("cannot start", route);
  }
}

void Operator::work_on_follow_ups() {
  if (!ports_.node.alive()) return;
  const auto open = ports_.node.journal().follow_ups(true);
  if (!open) return;
  constexpr std::array<const char*, 4> actions = {"take", "note", "collected", "written_off"};
  for (const FollowUpRow& row : *open) {
    if (random_->below(4) != 0) continue;
    const std::string action = actions.at(random_->below(actions.size()));
    note(action, row.order.text());
    spawn(ports_.node.executor(), close_case(ports_.node.journal(), row.id, action));
  }
}

}  // namespace standin::sim
