#include "sim/runner/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "sim/actors/gateway_party.h"
#include "sim/actors/shop_party.h"
#include "sim/actors/shoppers.h"
#include "sim/runner/evidence_of.h"
#include "sim/runner/node.h"
#include "sim/runner/operator.h"
#include "sim/runner/saboteur.h"
#include "sim/runner/scenario.h"

namespace standin::sim {
namespace {

using namespace std::chrono_literals;

/// All being well, everything must have drained within this time of the world: twenty tries of backing off up to five
/// minutes, and then a person.
constexpr Duration liveness_bound = 3h;
/// A supervisor starts a process again that died, and an operator one whose disk failed.
constexpr Duration restart_within = 8s;
constexpr Duration broken_for = 10s;

/// One run, from its seed to its evidence.
class Run {
 public:
  Run(const Plan& plan, std::function<void(const std::string& line)> print)
      : plan_(plan),
        trace_(std::move(print)),
        world_(plan.seed),
        vault_random_(world_.fork_random()),
        node_random_(world_.fork_random()),
        restart_random_(world_.fork_random()),
        scenario_(draw_scenario(plan, *world_.fork_random())),
        net_(world_, trace_, world_.fork_random()),
        disk_(world_.fork_random()),
        cardgate_(world_, net_, trace_, "cardgate", {"www-01", "www-02", "www-03"}, scenario_.cardgate,
                  world_.random().next()),
        backupgate_(world_, net_, trace_, "backupgate", {"second"}, scenario_.backupgate, world_.random().next()),
        shop_(world_, net_, trace_, "shop", scenario_.shop),
        node_({world_, net_, disk_, trace_, *node_random_, Vault::ephemeral(*vault_random_)}),
        operator_({world_, trace_, node_, scenario_, [this] { saboteur_.count(Sabotage::operators); }},
                  world_.fork_random()),
        saboteur_({world_, trace_, net_, disk_, cardgate_, backupgate_, shop_, node_, operator_, [this] { restart(); }},
                  plan, world_.fork_random()),
        shopper_loop_(world_.make_loop()),
        shoppers_(world_, *shopper_loop_, net_, trace_, world_.fork_random(),
                  {.purchases = plan.purchases, .within = scenario_.shopping, .sabotage = saboteur_.drawn()}) {
    if (scenario_.small_memory) saboteur_.count(Sabotage::memory);
    shop_.say_in_progress(scenario_.shop_says_in_progress);
    const auto count = [this](Sabotage what) { saboteur_.count(what); };
    net_.on_fault = count;
    cardgate_.on_fault = count;
    backupgate_.on_fault = count;
    shop_.on_fault = count;
    shoppers_.on_fault = count;
    disk_.on_fault = [this](std::string_view kind) { disk_fault(kind); };
    shoppers_.on_told = [this](const Purchase&, const Told& told) { heard(told); };
  }

  // While all that it tells of its end is still there.
  ~Run() {
    node_.crash();
    const auto nobody = [](Sabotage) {};
    net_.on_fault = cardgate_.on_fault = backupgate_.on_fault = shop_.on_fault = shoppers_.on_fault = nobody;
    disk_.on_fault = [](std::string_view) {};
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  RunResult play() {
    trace_.note(world_.now(), "world", "{}", scenario_.text);
    start_node();
    shoppers_.start();
    while (!safety_is_over()) second();
    saboteur_.heal();
    shoppers_.quiet();
    trace_.note(world_.now(), "world", "all is well from now on");
    const Instant end = world_.now() + liveness_bound;
    for (int seconds = 0; world_.now() < end && !drained(seconds); ++seconds) calm_second(seconds);
    return result();
  }

 private:
  std::int64_t now_ms() const { return world_.now().time_since_epoch() / 1ms; }
  bool safety_is_over() const { return world_.now() >= began_ + scenario_.shopping + 30s; }

  void second() {
    world_.run_for(1s);
    saboteur_.tick();
    look_after_node();
  }

  void calm_second(int seconds) {
    world_.run_for(1s);
    look_after_node();
    if (seconds % 20 == 10) operator_.tidy_up();
    if (seconds == 60 || seconds == 120 || seconds == 240) operator_.work_on_follow_ups();
  }

  bool drained(int seconds) {
    return seconds % 10 == 0 && shoppers_.done() && node_.alive() && node_.replays_idle() &&
           is_drained(node_.journal());
  }

  void no_longer_broken() {
    if (broken_since_ != Instant{}) broken_.emplace_back(broken_since_, world_.now());
    broken_since_ = {};
  }
  bool was_unrecorded(const Purchase& purchase) const {
    return std::ranges::any_of(broken_, [&](const auto& span) {
      return purchase.began_ms <= span.second.time_since_epoch() / 1ms &&
             purchase.last_try_ms >= span.first.time_since_epoch() / 1ms;
    });
  }

  /// The disk failed for good: an operator starts it again.
  void look_after_node() {
    if (!node_.alive()) return;
    if (node_.journal().health().promising) {
      no_longer_broken();
    } else if (broken_since_ == Instant{}) {
      broken_since_ = world_.now() - 1s;
    } else if (world_.now() > broken_since_ + broken_for) {
      node_.crash();
      restart();
    }
  }

  void disk_fault(std::string_view kind) {
    trace_.note(world_.now(), "disk", "{}", kind);
    saboteur_.count(kind == "slow"                      ? Sabotage::slow_disk
                    : kind == "full"                    ? Sabotage::disk_full
                    : kind == "power" || kind == "torn" ? Sabotage::crash
                                                        : Sabotage::disk_errors);
    const bool is_not_kept = kind == "full" || kind == "write" || kind == "sync";
    if (is_not_kept && broken_since_ == Instant{}) broken_since_ = world_.now() - 1s;
    if (kind != "power" || !node_.alive()) return;
    // Nothing more happens in a process whose power is gone; it is taken apart outside of its own loops.
    node_.pause(1h);
    boost::asio::post(world_.executor(), [this] {
      if (!disk_.power_failed()) return;
      node_.crash();
      restart();
    });
  }

  void restart() {
    restarting_ =
        world_.clock().at(world_.now() + std::chrono::milliseconds(restart_random_->below(restart_within / 1ms)),
                          [this] { start_node(); });
  }

  // A journal that cannot be opened now is tried again: the disk may be full, or fail.
  void start_node() {
    if (node_.alive()) return;
    no_longer_broken();
    ++lives_;
    if (const auto started = node_.start(scenario_.config, saboteur_.clock_error()); !started) {
      trace_.note(world_.now(), "standin", "cannot start: {}", started.error().what);
      disk_.crash();
      return restart();
    }
    evidence_.crashes.push_back({now_ms(), promised_, references_in(node_.journal())});
  }

  void heard(const Told& told) {
    if (!told.ours || told.kind != Told::Kind::yes || told.what != "sale") return;
    promised_.push_back(told.reference);
    if (node_.alive() && promised_.size() % 4 == 0) {
      evidence_.exposure.push_back(exposure_of(node_.journal(), now_ms(), scenario_.cap_minor));
    }
  }

  RunResult result() {
    evidence_.healed = true;
    evidence_.lease_ms = scenario_.lease / 1ms;
    for (const Instant began : node_.standstills()) evidence_.stood_still_ms.push_back(world_ms(began));
    evidence_.careless_shop = !scenario_.shop.unique_index;
    evidence_.purchases = shoppers_.purchases();
    for (Purchase& purchase : evidence_.purchases) {
      purchase.unrecorded = was_unrecorded(purchase);
      for (const auto* names : {&cardgate_.repeated(), &backupgate_.repeated(), &shop_.repeated()}) {
        purchase.repeated |= names->contains(purchase.name);
      }
    }
    // What a copy charged at one gateway may have been asked for again at the other.
    std::vector<ChargeMade> charges = cardgate_.charges();
    for (ChargeMade& charge : backupgate_.charges()) charges.push_back(std::move(charge));
    for (auto& books : {with_repeats(std::move(charges)), shop_.ledger()}) {
      evidence_.ledger.insert(evidence_.ledger.end(), books.begin(), books.end());
    }
    for (auto party : {cardgate_.deliveries(), backupgate_.deliveries(), shop_.deliveries()}) {
      evidence_.deliveries.insert(evidence_.deliveries.end(), party.begin(), party.end());
    }
    if (!node_.alive()) return {.violations = {{"P3", "", "standin could not be started again"}}};
    evidence_.journal = entries_of(node_.journal());
    RunResult result{.violations = check(evidence_),
                     .trace_hash = 0,
                     .payments = evidence_.purchases.size(),
                     .lives = lives_,
                     .faults = saboteur_.counts(),
                     .virtual_ms = now_ms() - began_.time_since_epoch() / 1ms};
    for (const JournalEntry& entry : evidence_.journal) {
      trace_.note(world_.now(), "journal", "{} {} {}", entry.id, entry.purchase, entry.state);
      if (trace_.prints()) tell_life(entry);
      std::string from;
      for (const std::string& to : entry.states) ++result.coverage[{std::exchange(from, to), to}];
    }
    result.trace_hash = trace_.hash();
    return result;
  }

  /// For a reader: every case, step and attempt of an order, with the reasons that were noted.
  void tell_life(const JournalEntry& entry) {
    const Ulid id = *Ulid::parse(entry.id);
    for (const FollowUpRow& row : *node_.journal().follow_ups(false)) {
      if (row.order == id) trace_.note(world_.now(), "journal", "  case {}: {}", row.state, row.reason);
    }
    for (const TransitionRow& step : *node_.journal().transitions(id)) {
      trace_.note(world_.now(), "journal", "  {} {} by {}: {}", iso8601(step.at), name(step.to), step.who, step.why);
    }
    for (const Attempt& attempt : *node_.journal().attempts(id)) {
      trace_.note(world_.now(), "journal", "  {} {} attempt at {}: {} {} {}", iso8601(attempt.started), attempt.kind,
                  attempt.target, name(attempt.outcome), attempt.open ? "(open)" : "", attempt.detail);
    }
  }

  const Plan plan_;
  Trace trace_;
  World world_;
  const Instant began_ = world_.now();
  std::unique_ptr<Random> vault_random_, node_random_, restart_random_;
  const Scenario scenario_;
  SimNet net_;
  SimDisk disk_;
  GatewayParty cardgate_, backupgate_;
  ShopParty shop_;
  Node node_;
  Operator operator_;
  Saboteur saboteur_;
  std::unique_ptr<Loop> shopper_loop_;
  Shoppers shoppers_;
  Evidence evidence_;
  std::vector<std::string> promised_;
  std::unique_ptr<Alarm> restarting_;
  Instant broken_since_{};
  std::vector<std::pair<Instant, Instant>> broken_;  ///< when the journal could not be written
  std::uint64_t lives_ = 0;
};

}  // namespace

RunResult run(const Plan& plan, std::function<void(const std::string& line)> print) {
  return Run(plan, std::move(print)).play();
}

}  // namespace standin::sim
