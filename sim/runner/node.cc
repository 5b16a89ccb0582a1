#include "sim/runner/node.h"

#include <fmt/format.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <utility>

#include "app/wiring/wiring.h"
#include "journal/sqlite_journal.h"
#include "route/claims.h"
#include "route/lookalikes.h"
#include "route/router.h"
#include "upstream/health_monitor.h"

namespace standin::sim {
namespace {

constexpr std::size_t replays = 2;

/// The client at the other end, as the tour sees it.
class CallClient final : public Client {
 public:
  explicit CallClient(std::shared_ptr<const ServedCall> call) : call_(std::move(call)) {}
  bool gone() const override { return call_->gone(); }
  std::string address() const override { return "127.0.0.1"; }

 private:
  std::shared_ptr<const ServedCall> call_;
};

Task<> answer(std::shared_ptr<Router> router, std::shared_ptr<ServedCall> call) {
  Request request = call->request();
  Reply reply = co_await router->handle(std::move(request), std::make_shared<CallClient>(call));
  call->answer(std::move(reply.response), std::move(reply.undelivered));
}

}  // namespace

/// In the order in which they are made; the loops are made first and destroyed first (`~Life`): the coroutines on them
/// refer to all the rest.
struct Node::Life {
  Life(const Ports& ports, ClockError error, int number)
      : loop(ports.world.make_loop(error)),
        second_loop(ports.world.make_loop(error)),
        disk_loop(ports.world.make_loop(error)),
        random(ports.random),
        vault(ports.vault),
        transport(ports.net, host, loop->clock()),
        second_transport(ports.net, host, second_loop->clock()),
        ulids(ports.random),
        targets(&metrics),
        owner(fmt::format("standin:{}", number)) {}
  ~Life() {
    loop.reset();
    second_loop.reset();
    disk_loop.reset();
  }

  SharedPorts shared() {
    return {*journal, vault, *claims, lookalikes, *modes, metrics, ulids, listening, in_flight_bytes};
  }

  /// Where replay number `which` runs.
  Loop& loop_of(std::size_t which) { return which == 0 ? *loop : *second_loop; }

  std::unique_ptr<Loop> loop, second_loop, disk_loop;
  Random& random;
  const Vault vault;
  SimTransport transport, second_transport;
  Metrics metrics;
  UlidMaker ulids;
  TargetStates targets;
  Lookalikes lookalikes;
  std::string owner;
  std::atomic<std::size_t> listening = 0, in_flight_bytes = 0;
  std::unique_ptr<Journal> journal;
  std::unique_ptr<Modes> modes;
  std::unique_ptr<Claims> claims;
  std::shared_ptr<Router> router;
  std::vector<std::shared_ptr<Replayer>> replayers;
  std::unique_ptr<HealthMonitor> health;
};

Node::Node(Ports ports) : ports_(std::move(ports)) {
  ports_.disk.on_slow_sync = [this](Duration span) {
    if (life_) life_->disk_loop->stall_until(ports_.world.now() + span);
  };
}

Node::~Node() { crash(); }

Result<void> Node::start(const Config& config, ClockError clock) {
  ensure(!life_, "a node lives once at a time");
  auto life = std::make_shared<Life>(ports_, clock, ++lives_);
  auto journal = SqliteJournal::open({.path = "journal.db",
                                      .clock = &life->loop->clock(),
                                      .metrics = &life->metrics,
                                      .executor = life->disk_loop->executor(),
                                      .clocks = life->targets.clocks(),
                                      .vfs = ports_.disk.vfs()});
  if (!journal) return std::unexpected(journal.error());
  life->journal = std::move(*journal);
  auto modes = Modes::load(*life->journal);
  if (!modes) return std::unexpected(modes.error());
  life->modes = std::move(*modes);
  life->claims = std::make_unique<Claims>(*life->journal, life->vault, life->loop->clock().now());
  for (std::size_t which = 0; which < replays; ++which) {
    Loop& loop = life->loop_of(which);
    const OrderWork::Ports ports{*life->journal, life->vault,  life->metrics,
                                 loop.clock(),   life->random, fmt::format("{}.{}", life->owner, which)};
    life->replayers.push_back(std::make_shared<Replayer>(ports, loop.executor()));
  }
  life_ = std::move(life);
  if (auto used = use(config); !used) return used;
  ports_.net.listen(host, *this, life_->loop->executor());
  ports_.trace.note(ports_.world.now(), host, "starts, life {}", lives_);
  return {};
}

Result<void> Node::use(const Config& config) {
  Life& life = *life_;
  auto site = Site::make(config, life.vault);
  if (!site) return std::unexpected(site.error());
  const Executor executor = life.loop->executor();
  const auto parties = make_parties(config, life.loop->clock(), life.random, life.transport, life.targets, executor);
  life.router =
      std::make_shared<Router>(*site, parties, life.shared(), LoopPorts{executor, life.loop->clock(), life.random});
  const auto second_parties = make_parties(config, life.second_loop->clock(), life.random, life.second_transport,
                                           life.targets, life.second_loop->executor());
  for (std::size_t which = 0; which < replays; ++which) {
    auto routes = replay_routes(**site, which == 0 ? parties : second_parties);
    if (!routes) return std::unexpected(routes.error());
    life.replayers[which]->configure(std::move(*routes));
  }
  life.health = std::make_unique<HealthMonitor>((*site)->config.upstreams, life.loop->clock(), life.transport,
                                                life.targets, executor);
  return {};
}

void Node::crash() {
  if (!life_) return;
  ports_.trace.note(ports_.world.now(), host, "dies");
  ports_.net.close(host);
  ports_.disk.crash();
  life_.reset();
}

void Node::rotate_keys() { ports_.vault = ports_.vault.rotated(); }

void Node::pause(Duration span) {
  if (!life_) return;
  standstills_.push_back(ports_.world.now());
  ports_.trace.note(ports_.world.now(), host, "stands still for {} ms", span / std::chrono::milliseconds(1));
  for (const auto& loop : {life_->loop.get(), life_->second_loop.get(), life_->disk_loop.get()}) {
    loop->stall_until(ports_.world.now() + span);
  }
}

void Node::pause_replay(std::size_t which, Duration span) {
  if (!life_) return;
  if (which == 0) standstills_.push_back(ports_.world.now());
  ports_.trace.note(ports_.world.now(), host, "replay {} stands still for {} ms", which,
                    span / std::chrono::milliseconds(1));
  life_->loop_of(which).stall_until(ports_.world.now() + span);
}

Executor Node::executor() { return life_->loop->executor(); }
Journal& Node::journal() { return *life_->journal; }
Modes& Node::modes() { return *life_->modes; }
ReplayControl& Node::replay(std::size_t which) { return *life_->replayers.at(which % replays); }

bool Node::replays_idle() const {
  for (const auto& replayer : life_->replayers) {
    if (!replayer->idle()) return false;
  }
  return true;
}

void Node::serve(std::shared_ptr<ServedCall> call) {
  spawn(life_->loop->executor(), answer(life_->router, std::move(call)));
}

}  // namespace standin::sim
