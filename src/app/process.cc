#include "app/process.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <thread>

#include "app/journal_keys.h"
#include "journal/absent_journal.h"
#include "net/listening.h"
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

/// So long a connection without a request may bring one that is still promised; a little more than limits::linger. Who
/// sends slower would keep everybody waiting.
constexpr std::chrono::seconds undecided_connections(3);

void wait_while(const std::function<bool()>& lasts, std::chrono::steady_clock::time_point end) {
  while (lasts() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

std::vector<std::string> protected_names(const Config& config) {
  std::vector<std::string> names;
  for (const RouteConfig& route : config.routes) {
    if (route.is_protected()) names.push_back(route.name);
  }
  return names;
}

/// Every loop accepts on one at least, and every socket is accepted on by one at least.
std::vector<Descriptor> share_of(const std::vector<Descriptor>& sockets, std::size_t loop, std::size_t loops) {
  std::vector<Descriptor> share;
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    const bool ours = sockets.size() < loops ? loop % sockets.size() == i : i % loops == loop;
    if (ours) share.push_back(sockets[i].another());
  }
  return share;
}

/// Sections that are read at the start alone, and of which a reload brings another value.
std::vector<std::string_view> waits_for_restart(const Config& first, const Config& now) {
  std::vector<std::string_view> waits;
  const bool same_addresses =
      std::ranges::equal(first.server.listen, now.server.listen, {}, &ListenConfig::address, &ListenConfig::address);
  if (!same_addresses || first.server.threads != now.server.threads) waits.push_back("server");
  if (first.console.listen != now.console.listen || socket_path(first) != socket_path(now)) waits.push_back("console");
  if (first.journal.path != now.journal.path || first.journal.key_file != now.journal.key_file)
    waits.push_back("journal");
  if (first.log.access != now.log.access) waits.push_back("log");
  return waits;
}

Result<void> has_its_keys(const Vault& vault, const Config& config, Journal& journal) {
  const auto newest = journal.orders(newest_orders());
  if (!newest) return std::unexpected(newest.error());
  return is_sealed_with(vault, config.journal, *newest, [&](const Ulid& id) { return journal.request(id); });
}

}  // namespace

Result<void> Process::open_journal(const Config& config, const Vault& vault, Foundation& under) {
  auto journal = SqliteJournal::open({.path = config.journal.path,
                                      .clock = under.clock.get(),
                                      .metrics = under.metrics.get(),
                                      .boot = AsioClock::boot(),
                                      .clocks = under.clocks});
  if (!journal) return std::unexpected(journal.error());
  under.sqlite = journal->get();
  under.journal = std::move(*journal);
  if (auto own = has_its_keys(vault, config, *under.journal); !own) return own;
  return orphans_nothing(config, *under.journal);
}

Result<Process::Foundation> Process::lay_foundation(const Config& config, const Vault& vault,
                                                    const Beginning& beginning) {
  Foundation under{.console_thread = std::make_unique<LoopThread>("standin-console"),
                   .metrics = std::make_unique<Metrics>(),
                   .clocks = std::make_shared<PartyClocks>()};
  under.clock = std::make_unique<AsioClock>(under.console_thread->executor());
  const std::string pass_through = beginning.before_journal(under.clock->wall());
  under.metrics->pass_through(!pass_through.empty());
  if (!pass_through.empty()) {
    under.journal = std::make_unique<AbsentJournal>(pass_through, protected_names(config));
  } else if (auto opened = open_journal(config, vault, under); !opened) {
    return std::unexpected(opened.error());
  }
  auto modes = Modes::load(*under.journal);
  if (!modes) return std::unexpected(modes.error());
  under.modes = std::move(*modes);
  return under;
}

Result<std::unique_ptr<Process>> Process::start(Config config, Beginning beginning) {
  auto vault = Vault::load(config.journal.key_file);
  if (!vault) return std::unexpected(vault.error());
  auto certificates = Certificates::load(config);
  if (!certificates) return std::unexpected(certificates.error());
  // Built for its errors: they are to be known before another process lets go of the journal for us.
  if (auto site = Site::make(config, *vault); !site) return std::unexpected(site.error());
  auto foundation = lay_foundation(config, *vault, beginning);
  if (!foundation) return std::unexpected(foundation.error());
  std::unique_ptr<Process> process(new Process(std::move(config), std::move(*vault), std::move(*foundation)));
  // From the vault where it stays: the dialects keep its address.
  auto site = Site::make(process->first_config_, process->vault_);
  if (!site) return std::unexpected(site.error());
  if (auto listening = process->listen(*certificates, beginning.sockets); !listening) {
    return std::unexpected(listening.error());
  }
  if (auto loaded = load_switches(*process->foundation_.journal, process->targets_); !loaded) {
    return std::unexpected(loaded.error());
  }
  process->control_.start();
  if (auto used = process->use(std::move(*site)); !used) return std::unexpected(used.error());
  process->foundation_.console_thread->start();
  for (const auto& edge : process->edges_) edge->start();
  const AsioClock& clock = *process->foundation_.clock;
  process->public_api_->serving(*process->foundation_.journal,
                                [&targets = process->targets_, &clock] { targets.publish(clock.now(), clock.wall()); });
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

Result<void> Process::listen(const Certificates::Loaded& certificates, InheritedSockets& inherited) {
  certificates_ = std::make_unique<Certificates>(certificates);
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  const unsigned threads = first_config_.server.threads == 0 ? cores : first_config_.server.threads;
  std::vector<std::vector<Descriptor>> sockets;
  for (const ListenConfig& listener : first_config_.server.listen) {
    sockets.push_back(inherited.bound_to(listener.address));
    if (sockets.back().empty()) {
      if (auto ours = nobody_listens_on(listener.address); !ours) return ours;
    }
    listeners_.emplace_back(listener.address);
    listeners_.back().tls = certificates_->of(listener.address);
    listeners_.back().proxy_protocol = listener.proxy_protocol;
    listeners_.back().http2 = listener.http2;
  }
  door_ = std::make_shared<Door>(
      Door::Limits{first_config_.server.connections_max, first_config_.server.connections_per_address},
      [&metrics = *foundation_.metrics](TurnedAway why) { metrics.turned_away(name(why)); });
  for (unsigned i = 0; i < threads; ++i) {
    edges_.push_back(std::make_unique<EdgeLoop>(shared_ports(), targets_, dns_, door_));
    std::vector<std::vector<Descriptor>> shares;
    for (const auto& all : sockets) shares.push_back(share_of(all, i, threads));
    if (auto listening = edges_.back()->listen(first_config_.server, listeners_, std::move(shares)); !listening) {
      return listening;
    }
  }
  return listen_for_operators(inherited);
}

Result<void> Process::listen_for_operators(InheritedSockets& inherited) {
  console_ =
      std::make_unique<Console>(foundation_.console_thread->executor(),
                                ConsolePorts{*foundation_.journal, control_.replay(), *foundation_.modes, targets_,
                                             control_.clock(), [this] { return protected_routes(); }, dns_});
  const std::string path = socket_path(first_config_);
  if (auto listening = console_->listen(path, inherited.bound_to("unix:" + path)); !listening) return listening;
  const std::string& address = first_config_.console.listen;
  if (!address.empty()) {
    public_console_ = std::make_unique<PublicConsole>(foundation_.console_thread->executor(), public_api_);
    auto sockets = inherited.bound_to(address);
    if (sockets.empty()) {
      if (auto ours = nobody_listens_on(address); !ours) return ours;
    }
    if (auto listening = public_console_->listen(address, std::move(sockets)); !listening) return listening;
  }
  for (const std::string& where : inherited.left()) {
    Log::warn("socket_not_used", "handed to us, but the configuration listens nowhere like this: " + where);
  }
  return {};
}

Result<void> Process::use(std::shared_ptr<const Site> site) {
  if (auto used = control_.use(site); !used) return used;
  door_->trust(site->trusted_proxies);
  for (const auto& edge : edges_) edge->use(site);
  const std::lock_guard lock(site_mutex_);
  site_ = std::move(site);
  return {};
}

Result<void> Process::reload() {
  std::shared_ptr<const Site> before;
  {
    const std::lock_guard lock(site_mutex_);
    before = site_;
  }
  auto config = load_config(first_config_.file);
  if (!config) return std::unexpected(config.error());
  if (auto kept = orphans_nothing(*config, *foundation_.journal); !kept) return kept;
  const auto certificates = Certificates::load(*config);
  if (!certificates) return std::unexpected(certificates.error());
  const auto waits = waits_for_restart(first_config_, *config);
  auto site = Site::make(std::move(*config), vault_, before.get());
  if (!site) return std::unexpected(site.error());
  auto used = use(std::move(*site));
  if (!used) return used;
  certificates_->use(*certificates);
  for (const std::string_view section : waits) {
    Log::warn("waits_for_restart", fmt::format("what changed in [{}] is in force after a restart alone", section));
  }
  return {};
}

SharedPorts Process::shared_ports() {
  return {*foundation_.journal, vault_, claims_,    lookalikes_,      *foundation_.modes,
          *foundation_.metrics, ulids_, listening_, in_flight_bytes_, &visits_};
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

void Process::begin_to_drain() {
  for (const auto& edge : edges_) {
    const auto done = std::make_shared<std::promise<void>>();
    drained_.push_back(done->get_future());
    edge->drain(first_config_.server.drain, [done] { done->set_value(); });
  }
}

void Process::drain() {
  const auto end = std::chrono::steady_clock::now() + first_config_.server.drain;
  public_api_->draining();
  if (!let_go_) {
    control_.shut_down();
    begin_to_drain();
  }
  for (auto& edge : drained_) edge.wait();
  wait_while([this] { return !let_go_ && (listening_ > 0 || !control_.idle()); }, end);
  if (listening_ > 0) {
    Log::warn("drained_early",
              fmt::format("{} late answers were still listened for: the finder looks them up", listening_.load()));
  }
}

void Process::let_go() {
  const auto end = std::chrono::steady_clock::now() + first_config_.server.drain;
  control_.shut_down();
  wait_while([this] { return !control_.idle(); }, end);
  foundation_.console_thread->post_and_wait([this] {
    const Executor executor = foundation_.console_thread->executor();
    spawn(executor, console_->drain(first_config_.server.drain));
    if (public_console_) spawn(executor, public_console_->drain(first_config_.server.drain));
  });
  begin_to_drain();
  let_go_ = true;
  for (const auto& edge : edges_) edge->sockets();  // each has begun to drain
  const auto asks = [this] { return visits_ > 0 || in_flight() < connections(); };
  wait_while(asks, std::min(end, std::chrono::steady_clock::now() + undecided_connections));
  wait_while([this] { return visits_ > 0; }, end);
  if (foundation_.sqlite) foundation_.sqlite->let_go();
}

std::vector<int> Process::sockets() {
  std::vector<int> all;
  for (const auto& edge : edges_) std::ranges::move(edge->sockets(), std::back_inserter(all));
  foundation_.console_thread->post_and_wait([&] {
    std::ranges::move(console_->sockets(), std::back_inserter(all));
    if (public_console_) std::ranges::move(public_console_->sockets(), std::back_inserter(all));
  });
  return all;
}

std::size_t Process::connections() const {
  std::size_t all = 0;
  for (const auto& edge : edges_) all += edge->connections();
  return all;
}

std::size_t Process::in_flight() const {
  std::size_t all = 0;
  for (const auto& edge : edges_) all += edge->in_flight();
  return all;
}

void Process::measure() {
  foundation_.metrics->connections(connections(), in_flight());
  certificates_->look(foundation_.clock->now(), foundation_.clock->wall(), *foundation_.metrics);
}

std::string Process::addresses() const {
  std::string console = public_console_ ? fmt::format(", console port {}", public_console_->port()) : std::string();
  std::vector<std::string> edge;
  for (const ListenOn& listener : listeners_) edge.push_back(listener.address);
  return fmt::format("edge {}{}, operators' socket {}", fmt::join(edge, " "), console, socket_path(first_config_));
}

}  // namespace standin
