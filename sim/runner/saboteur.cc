#include "sim/runner/saboteur.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace standin::sim {
namespace {

using namespace std::chrono_literals;
using rehearsal::GatewayAsk;
using rehearsal::GatewayFault;

/// Every link of the world, from whom to whom.
constexpr std::array<std::pair<const char*, const char*>, 6> links = {{{"shopper", "standin"},
                                                                       {"standin", "shop"},
                                                                       {"standin", "www-01"},
                                                                       {"standin", "www-02"},
                                                                       {"standin", "www-03"},
                                                                       {"standin", "second"}}};

}  // namespace

Saboteur::Saboteur(Ports ports, const Plan& plan, std::unique_ptr<Random> random)
    : ports_(std::move(ports)), random_(std::move(random)) {
  // Drawn whether or not the plan allows it: leaving one kind out changes nothing about the others.
  for (const Sabotage what : all_sabotage) {
    if (random_->below(2) == 0 && plan.sabotage.contains(what)) drawn_.insert(what);
  }
  if (!on(Sabotage::clock)) return;
  clock_drift_ = (random_->fraction() - 0.5) * 0.002;
  const auto skew = std::chrono::seconds(static_cast<int>(random_->below(120)) - 60);
  lasting_ = {{.kind = GatewayFault::Kind::skew, .skew = skew}};
  ports_.cardgate.set_faults(lasting_);
  ports_.backupgate.set_faults(lasting_);
}

bool Saboteur::strikes(Sabotage what, std::uint64_t seconds) { return on(what) && random_->below(seconds) == 0; }

double Saboteur::rate(double most) { return random_->fraction() * most; }

void Saboteur::tick() {
  if (random_->below(6) == 0) change_links();
  flicker();
  if (random_->below(6) == 0) change_disk();
  if (random_->below(10) == 0) change_gateway(ports_.cardgate, 3);
  if (random_->below(10) == 0) change_gateway(ports_.backupgate, 1);
  if (random_->below(10) == 0) change_shop();
  kill_and_pause();
  if (strikes(Sabotage::operators, 5)) ports_.operators.meddle();
}

void Saboteur::change_links() {
  const auto& [from, to] = links.at(random_->below(links.size()));
  change_link(from, to);
}

// For a second no answer gets back to the shoppers, and standin hears of it.
void Saboteur::flicker() {
  LinkFaults& link = ports_.net.link("shopper", "standin");
  if (std::exchange(flickers_, false)) {
    link.cut_back = false;
  } else if (strikes(Sabotage::partition, 4)) {
    flickers_ = link.cut_back = true;
  }
}

// Half of all times are good; in the others each kind that was drawn has a rate of its own.
void Saboteur::change_link(const std::string& from, const std::string& to) {
  LinkFaults& link = ports_.net.link(from, to);
  link = {};
  if (random_->below(2) == 0) return;
  if (on(Sabotage::network)) {
    for (double* const each : {&link.refused, &link.lost_connecting, &link.broken_before, &link.broken_within,
                               &link.broken_after, &link.cut_short, &link.garbled}) {
      if (random_->below(3) == 0) *each = rate(0.4);
    }
    if (random_->below(5) == 0) link.refused = 1;
  }
  if (on(Sabotage::answers_lost)) link.swallowed = rate(0.5);
  if (on(Sabotage::answers_lost)) link.lost = rate(0.2);
  if (on(Sabotage::repeats)) link.repeated = rate(0.3);
  if (on(Sabotage::slow_network)) link.slow = rate(0.5);
  if (on(Sabotage::names)) link.unresolved = random_->below(3) == 0;
  if (on(Sabotage::partition) && random_->below(3) == 0) {
    link.cut_there = random_->below(2) == 0;
    link.cut_back = random_->below(2) == 0;
  }
}

void Saboteur::change_disk() {
  DiskFaults& disk = ports_.disk.faults();
  disk = {};
  if (random_->below(2) == 0) return;
  if (on(Sabotage::slow_disk)) disk.slow_sync = rate(0.2);
  disk.slow_for = 5s;
  if (on(Sabotage::disk_errors) && random_->below(3) == 0) disk.write_fails = rate(0.02);
  if (on(Sabotage::disk_errors) && random_->below(3) == 0) disk.sync_fails = rate(0.02);
  if (on(Sabotage::disk_errors)) disk.flips_bit = rate(0.5);
  if (on(Sabotage::disk_full)) disk.full = random_->below(3) == 0;
  if (on(Sabotage::crash)) disk.power_fails = rate(0.01);
}

void Saboteur::change_gateway(GatewayParty& gateway, std::size_t locations) {
  if (random_->below(8) == 0) gateway.close_batch();
  if (strikes(Sabotage::gateway_errors, 4)) {
    count(Sabotage::gateway_errors);
    gateway.cut_in_flight();
  }
  std::vector<GatewayFault> faults = lasting_;
  const auto location = [&] { return random_->below(locations + 1); };  // 0 is all of them
  if (random_->below(2) == 0) {
    if (on(Sabotage::slow_gateway)) {
      faults.push_back({.late = std::chrono::milliseconds(random_->below(25'000)),
                        .ask = GatewayAsk::charge,
                        .location = location(),
                        .fraction = rate(1)});
    }
    if (on(Sabotage::answers_lost)) {
      faults.push_back({.kind = GatewayFault::Kind::hang,
                        .at = GatewayFault::Moment::after,
                        .location = location(),
                        .fraction = rate(0.3)});
    }
    if (on(Sabotage::gateway_errors)) {
      using enum GatewayFault::Kind;
      constexpr std::array kinds = {hang, reset, status, error, truncate, refuse, down};
      const auto kind = kinds.at(random_->below(kinds.size()));
      const bool has_happened = kind != error && random_->below(2) == 0;
      // What says no must not come after a yes in the books: nobody could see through that.
      constexpr std::array before = {500, 502, 503, 429, 401, 403, 404};
      constexpr std::array after = {500, 502, 503, 504};
      faults.push_back(
          {.kind = kind,
           .at = has_happened ? GatewayFault::Moment::after : GatewayFault::Moment::before,
           .status = has_happened ? after.at(random_->below(after.size())) : before.at(random_->below(before.size())),
           .ask = random_->below(3) == 0 ? std::nullopt : std::optional(GatewayAsk::charge),
           .location = kind == refuse || kind == down ? 1 + random_->below(locations) : location(),
           .fraction = 0.1 + rate(0.9)});
    }
  }
  gateway.set_faults(std::move(faults));
}

// Slow by less than what its finder is told it may take.
void Saboteur::change_shop() {
  ports_.shop.set_usual_step_time();
  if (!on(Sabotage::slow_gateway) || random_->below(2) == 0) return;
  count(Sabotage::slow_gateway);
  const auto slow = fmt::format("constant:{}", random_->below(6'000));
  ports_.shop.set_step_time(*rehearsal::ResponseTime::parse(slow));
}

void Saboteur::kill_and_pause() {
  if (strikes(Sabotage::shop_crash, 30)) {
    ports_.shop.crash(std::chrono::milliseconds(200 + random_->below(15'000)));
  }
  if (!ports_.node.alive()) return;
  if (strikes(Sabotage::crash, 40)) {
    count(Sabotage::crash);
    ports_.node.crash();
    return ports_.restart();
  }
  if (strikes(Sabotage::pause, 60)) {
    count(Sabotage::pause);
    const auto span = std::chrono::milliseconds(500 + random_->below(150'000));
    if (random_->below(2) == 0) return ports_.node.pause_replay(random_->below(2), span);
    ports_.node.pause(span);
  }
}

ClockError Saboteur::clock_error() {
  if (!on(Sabotage::clock)) return {};
  const auto offset = std::chrono::seconds(static_cast<int>(random_->below(20)) - 10);
  count(Sabotage::clock);
  return {.wall_offset = random_->below(3) == 0 ? offset : 0s, .drift = clock_drift_};
}

void Saboteur::heal() {
  for (const auto& [from, to] : links) ports_.net.link(from, to) = {};
  ports_.disk.faults() = {};
  ports_.cardgate.set_faults(lasting_);
  ports_.backupgate.set_faults(lasting_);
  ports_.shop.set_usual_step_time();
  drawn_.erase(Sabotage::clock);
}

}  // namespace standin::sim
