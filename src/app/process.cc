#include "app/process.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <future>
#include <map>
#include <thread>

#include "journal/sqlite_journal.h"
#include "telemetry/log.h"

namespace standin {
namespace {

/// Open orders by the names they were accepted under; an end needs nothing of the configuration any more.
Result<std::vector<OpenOrders>> open_orders(Journal& journal) {
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> groups;
  for (const State state : all_states) {
    if (is_end(state) || state == State::refused) continue;
    const auto rows = journal.orders({.state = state, .include_live = true, .limit = SIZE_MAX});
    if (!rows) return std::unexpected(rows.error());
    for (const OrderRow& row : *rows) ++groups[{row.route, row.upstream, row.stand_in}];
  }
  std::vector<OpenOrders> open;
  for (const auto& [names, count] : groups) {
    open.push_back({std::get<0>(names), std::get<1>(names), std::get<2>(names), count});
  }
  return open;
}

Result<void> orphans_nothing(const Config& config, Journal& journal) {
  const auto open = open_orders(journal);
  if (!open) return std::unexpected(open.error());
  const auto orphaned = orphaned_by(config, *open);
  if (orphaned.empty()) return {};
  return failure(fmt::format("{}", fmt::join(orphaned, "\n")), config.file);
}

std::string socket_path(const Config& config) {
  if (!config.console.socket.empty()) return config.console.socket;
  return (std::filesystem::path(config.journal.path).parent_path() / "standin.sock").string();
}

}  // namespace

Result<Process::Foundation> Process::lay_foundation(const Config& config) {
  Foundation under{.console_thread = std::make_unique<LoopThread>("standin-console"),
                   .metrics = std::make_unique<Metrics>(),
                   .clocks = std::make_shared<PartyClocks>()};
  under.clock = std::make_unique<AsioClock>(under.console_thread->executor());
  auto journal = SqliteJournal::open({.path = config.journal.path,
                                      .clock = under.clock.get(),
                                      .metrics = under.metrics.get(),
                                      .boot = AsioClock::boot(),
                                      .clocks = under.clocks});
  if (!journal) return std::unexpected(journal.error());
  under.journal = std::move(*journal);
  if (auto kept = orphans_nothing(config, *under.journal); !kept) return std::unexpected(kept.error());
  auto modes = Modes::load(*under.journal);
  if (!modes) return std::unexpected(modes.error());
  under.modes = std::move(*modes);
  return under;
}

Result<std::unique_ptr<Process>> Process::start(Config config) {
  auto vault = Vault::load(config.journal.key_file);
  if (!vault) return std::unexpected(vault.error());
  auto foundation = lay_foundation(config);
  if (!foundation) return std::unexpected(foundation.error());
  std::unique_ptr<Process> process(new Process(std::move(config), std::move(*vault), std::move(*foundation)));
  // From the vault where it stays: the dialects keep its address.
  auto site = Site::make(process->first_config_, process->vault_);
  if (!site) return std::unexpected(site.error());
  if (auto listening = process->listen(); !listening) return std::unexpected(listening.error());
  if (auto loaded = load_switches(*process->foundation_.journal, process->targets_); !loaded) {
    return std::unexpected(loaded.error());
  }
  process->control_.start();
  if (auto used = process->use(std::move(*site)); !used) return std::unexpected(used.error());
  process->foundation_.console_thread->start();
  for (const auto& edge : process->edges_) edge->start();
  process->public_api_->serving(*process->foundation_.journal);
  return process;
}

Process::Process(Config config, Vault vault, Foundation foundation)
    : vault_(std::move(vault)),
      foundation_(std::move(foundation)),
      claims_(*foundation_.journal, vault_, std::chrono::steady_clock::now()),
      ulids_(system_random()),
      targets_(foundation_.metrics.get(), foundation_.clocks),
      first_config_(std::move(config)),
      public_api_(std::make_shared<PublicApi>(*foundation_.metrics)),
      control_(*foundation_.journal, vault_, *foundation_.metrics, targets_, dns_) {}

Process::~Process() {
  for (const auto& edge : edges_) edge->stop();
  foundation_.console_thread->stop();
  control_.stop();
}

Result<void> Process::listen() {
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  const unsigned threads = first_config_.server.threads == 0 ? cores : first_config_.server.threads;
  edge_addresses_ = first_config_.server.listen;
  for (unsigned i = 0; i < threads; ++i) {
    edges_.push_back(std::make_unique<EdgeLoop>(shared_ports(), targets_, dns_));
    if (auto listening = edges_.back()->listen(first_config_.server, edge_addresses_); !listening) return listening;
  }
  console_ =
      std::make_unique<Console>(foundation_.console_thread->executor(),
                                ConsolePorts{*foundation_.journal, control_.replay(), *foundation_.modes, targets_,
                                             control_.clock(), [this] { return protected_routes(); }, dns_});
  if (auto listening = console_->listen(socket_path(first_config_)); !listening) return listening;
  if (first_config_.console.listen.empty()) return {};
  public_console_ = std::make_unique<PublicConsole>(foundation_.console_thread->executor(), public_api_);
  return public_console_->listen(first_config_.console.listen);
}

Result<void> Process::use(std::shared_ptr<const Site> site) {
  if (auto used = control_.use(site); !used) return used;
  for (const auto& edge : edges_) edge->use(site);
  const std::lock_guard lock(site_mutex_);
  site_ = std::move(site);
  return {};
}

Result<void> Process::reload() {
  auto config = load_config(first_config_.file);
  if (!config) return std::unexpected(config.error());
  if (auto kept = orphans_nothing(*config, *foundation_.journal); !kept) return kept;
  auto site = Site::make(std::move(*config), vault_);
  if (!site) return std::unexpected(site.error());
  return use(std::move(*site));
}

SharedPorts Process::shared_ports() {
  return {*foundation_.journal, vault_, claims_,    lookalikes_,     *foundation_.modes,
          *foundation_.metrics, ulids_, listening_, in_flight_bytes_};
}

std::vector<RouteConfig> Process::protected_routes() const {
  const std::lock_guard lock(site_mutex_);
  std::vector<RouteConfig> routes;
  if (!site_) return routes;
  for (const RouteConfig& route : site_->config.routes) {
    if (route.is_protected()) routes.push_back(route);
  }
  return routes;
}

void Process::drain() {
  const auto end = std::chrono::steady_clock::now() + first_config_.server.drain;
  public_api_->draining();
  control_.shut_down();
  std::vector<std::promise<void>> drained(edges_.size());
  for (std::size_t i = 0; i < edges_.size(); ++i) {
    edges_[i]->drain(first_config_.server.drain, [&promise = drained[i]] { promise.set_value(); });
  }
  for (auto& promise : drained) promise.get_future().wait();
  while ((listening_ > 0 || !control_.idle()) && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  if (listening_ > 0) {
    Log::warn("drained_early",
              fmt::format("{} late answers were still listened for: the finder looks them up", listening_.load()));
  }
}

void Process::measure() {
  std::size_t connections = 0;
  std::size_t in_flight = 0;
  for (const auto& edge : edges_) {
    connections += edge->connections();
    in_flight += edge->in_flight();
  }
  foundation_.metrics->connections(connections, in_flight);
  targets_.publish(foundation_.clock->now(), foundation_.clock->wall());
}

std::string Process::addresses() const {
  std::string console = public_console_ ? fmt::format(", console port {}", public_console_->port()) : std::string();
  return fmt::format("edge {}{}, operators' socket {}", fmt::join(edge_addresses_, " "), console,
                     socket_path(first_config_));
}

}  // namespace standin
