#include "app/demo_stage.h"

#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "app/demo_signals.h"
#include "app/demo_standin.h"
#include "net/asio_clock.h"
#include "rehearsal/gateway/gateway_ledger.h"
#include "rehearsal/ledger.h"
#include "rehearsal/shop_control.h"
#include "vault/vault.h"

namespace standin::demo {
namespace {

using namespace std::chrono_literals;
namespace files = std::filesystem;

/// By Stage's places: the shop, the edge, the console, the gateway's control and its locations.
constexpr std::array<std::uint16_t, 4 + locations> preferred_ports{3000, 8080, 8081, 4000, 4001, 4002, 4003};
/// A sanitizer's build starts in seconds.
constexpr Duration ready_within = 30s;
constexpr Duration ask_again_after = 50ms;
/// More than the demo's `server.drain`.
constexpr Duration stop_within = 20s;
/// A gateway's answer crosses a city or two.
constexpr const char* gateway_takes = "lognormal:median=20,sigma=0.4";
/// sockaddr_un's.
constexpr std::size_t socket_path_max = 107;
constexpr const char* ledger = "shop.db";
constexpr const char* gateway_ledger = "gateway.db";

Result<std::string> temporary_folder() {
  std::string name = (files::temp_directory_path() / "standin-demo-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) return failure(std::strerror(errno), name);
  return name;
}

Result<void> write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) return failure("cannot be written", path);
  return {};
}

Result<std::string> chosen_folder(const std::string& keep) {
  std::error_code wrong;
  const std::string folder = files::absolute(keep).lexically_normal().string();
  files::create_directories(folder, wrong);
  if (wrong) return failure(wrong.message(), folder);
  if (!files::is_empty(folder, wrong) || wrong) return failure("the folder to keep must be new or empty", folder);
  return folder;
}

}  // namespace

Result<Stage> Stage::open(const Plan& plan, const std::string& keep) {
  std::vector<LocalPort> ports;
  for (const std::uint16_t preferred : preferred_ports) {
    auto port = LocalPort::take(preferred);
    if (!port) return std::unexpected(port.error());
    ports.push_back(std::move(*port));
  }
  auto folder = keep.empty() ? temporary_folder() : chosen_folder(keep);
  if (!folder) return std::unexpected(folder.error());
  Stage stage(std::move(*folder), keep.empty(), std::move(ports));
  if (auto prepared = stage.prepare(plan); !prepared) return std::unexpected(prepared.error());
  return stage;
}

Stage::Stage(std::string folder, bool temporary, std::vector<LocalPort> ports)
    : folder_(std::move(folder)), temporary_(temporary), ports_(std::move(ports)) {}

Stage::Stage(Stage&& other) noexcept
    : folder_(std::exchange(other.folder_, {})),
      temporary_(other.temporary_),
      ports_(std::move(other.ports_)),
      gateway_process_(std::move(other.gateway_process_)),
      shop_process_(std::move(other.shop_process_)),
      standin_process_(std::move(other.standin_process_)) {}

Stage::~Stage() {
  shop_process_.reset();
  standin_process_.reset();
  gateway_process_.reset();
  std::error_code ignored;
  if (temporary_ && !folder_.empty()) files::remove_all(folder_, ignored);
}

Result<void> Stage::prepare(const Plan& plan) const {
  if (socket().size() > socket_path_max) {
    return failure("the folder's name is too long for a Unix socket in it: choose a shorter one with --keep", folder_);
  }
  if (auto keys = Vault::create_keys(folder_ + "/journal.keys"); !keys) return keys;
  const std::string credentials = folder_ + "/" + credentials_file;
  if (auto written = write_file(credentials, fmt::format("{} {}\n", source_key, source_pin)); !written) return written;
  files::permissions(credentials, files::perms::owner_read | files::perms::owner_write);
  return write_file(folder_ + "/demo.toml", configuration(plan, listening()));
}

Ports Stage::listening() const {
  Ports ports{.shop = port(shop), .edge = port(edge), .console = port(console)};
  for (std::size_t number = 0; number < locations; ++number) ports.gateway[number] = port(first_location + number);
  return ports;
}

Result<void> Stage::start_gateway() {
  std::vector<std::string> words{"sim", "gateway", "--ledger", gateway_ledger, "--timezone-minutes", "0"};
  const auto add = [&](const char* option, std::string value) {
    words.insert(words.end(), {option, std::move(value)});
  };
  add("--key", fmt::format("{},pin={},duplicates=fold", source_key, source_pin));
  add("--response-time", gateway_takes);
  add("--control", fmt::format("127.0.0.1:{}", port(gateway_control)));
  for (const std::uint16_t number : listening().gateway) add("--listen", fmt::format("127.0.0.1:{}", number));
  auto child = Child::start("the gateway", words, folder_, "gateway.log");
  if (!child) return std::unexpected(child.error());
  gateway_process_ = std::move(*child);
  return wait_until(*gateway_process_, [&] { return set_gateway_faults({}).has_value(); });
}

Result<void> Stage::start_shop(const rehearsal::Faults& faults) {
  auto child = Child::start(
      "the shop",
      {"sim", "shop", "--port", std::to_string(port(shop)), "--ledger", ledger, "--faults", rehearsal::to_json(faults),
       "--charge", edge_url() + "/gate", "--charge-key", fmt::format("{}:{}", source_key, source_pin)},
      folder_, "shop.log");
  if (!child) return std::unexpected(child.error());
  shop_process_ = std::move(*child);
  return wait_until(*shop_process_, [&] { return set_faults(faults).has_value(); });
}

Result<void> Stage::start_standin() {
  auto child = Child::start("standin", {"serve", "-c", "demo.toml"}, folder_, "standin.log");
  if (!child) return std::unexpected(child.error());
  standin_process_ = std::move(*child);
  Standin standin(socket(), port(console));
  return wait_until(*standin_process_, [&] { return standin.ready(); });
}

Result<void> Stage::wait_until(Child& child, const std::function<bool()>& ready) const {
  boost::asio::io_context io(1);
  const AsioClock clock(io.get_executor());
  const Instant end = clock.now() + ready_within;
  while (!ready()) {
    if (const auto ended = child.ended()) {
      return failure(fmt::format("{} ended with {}:\n{}", child.name(), *ended, child.last_words()));
    }
    if (clock.now() > end) return failure(child.name() + " does not answer:\n" + child.last_words());
    if (next_signal(ask_again_after) == Signal::stop) return failure("ended before the count");
  }
  return {};
}

Result<void> Stage::set_faults(const rehearsal::Faults& faults) const {
  return rehearsal::set_faults_at(shop_url(), faults);
}

Result<void> Stage::set_gateway_faults(const std::vector<rehearsal::GatewayFault>& faults) const {
  return rehearsal::put_control(gateway_control_url(), "/_control/faults", rehearsal::to_json(faults));
}

void Stage::kill_shop() {
  shop_process_->kill();
  shop_process_.reset();
}

Result<void> Stage::all_alive() {
  for (std::optional<Child>* child : {&gateway_process_, &shop_process_, &standin_process_}) {
    if (!child->has_value()) continue;
    if (const auto ended = (*child)->ended()) {
      return failure(fmt::format("{} ended with {}, which nobody asked it to. Its last words:\n{}", (*child)->name(),
                                 *ended, (*child)->last_words()));
    }
  }
  return {};
}

Result<void> Stage::stop() {
  Result<void> stopped;
  for (std::optional<Child>* child : {&standin_process_, &shop_process_, &gateway_process_}) {
    if (!child->has_value()) continue;
    (*child)->signal(SIGTERM);
    (*child)->wait(stop_within);
    if (!(*child)->ended_well()) {
      stopped = failure(fmt::format("{} did not end well: {}. Its last words:\n{}", (*child)->name(),
                                    (*child)->ended().value_or("?"), (*child)->last_words()));
    }
    child->reset();
  }
  return stopped;
}

std::string Stage::shop_url() const { return fmt::format("http://127.0.0.1:{}", port(shop)); }
std::string Stage::edge_url() const { return fmt::format("http://127.0.0.1:{}", port(edge)); }
std::string Stage::console_url() const { return fmt::format("http://127.0.0.1:{}", port(console)); }
std::string Stage::gateway_control_url() const { return fmt::format("http://127.0.0.1:{}", port(gateway_control)); }

Result<rehearsal::Books> Stage::books() const { return rehearsal::read_ledger(folder_ + "/" + ledger); }

Result<std::vector<rehearsal::Payment>> Stage::payments() const {
  return rehearsal::read_gateway_payments(folder_ + "/" + gateway_ledger);
}

}  // namespace standin::demo
