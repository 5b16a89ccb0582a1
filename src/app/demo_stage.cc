#include "app/demo_stage.h"

#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>

#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "app/demo_signals.h"
#include "app/demo_standin.h"
#include "net/asio_clock.h"
#include "rehearsal/ledger.h"
#include "rehearsal/shop_control.h"
#include "vault/vault.h"

namespace standin::demo {
namespace {

using namespace std::chrono_literals;
namespace files = std::filesystem;

constexpr std::uint16_t first_shop_port = 3000;
constexpr std::uint16_t first_edge_port = 8080;
constexpr std::uint16_t first_console_port = 8081;
/// A sanitizer's build starts in seconds.
constexpr Duration ready_within = 30s;
constexpr Duration ask_again_after = 50ms;
/// More than the demo's `server.drain`.
constexpr Duration stop_within = 20s;
/// sockaddr_un's.
constexpr std::size_t socket_path_max = 107;
constexpr const char* ledger = "shop.db";

Result<std::string> temporary_folder() {
  std::string name = (files::temp_directory_path() / "standin-demo-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) return failure(std::strerror(errno), name);
  return name;
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
  auto shop = LocalPort::take(first_shop_port);
  if (!shop) return std::unexpected(shop.error());
  auto edge = LocalPort::take(first_edge_port);
  if (!edge) return std::unexpected(edge.error());
  auto console = LocalPort::take(first_console_port);
  if (!console) return std::unexpected(console.error());
  auto folder = keep.empty() ? temporary_folder() : chosen_folder(keep);
  if (!folder) return std::unexpected(folder.error());
  Stage stage(std::move(*folder), keep.empty(), std::move(*shop), std::move(*edge), std::move(*console));
  if (auto prepared = stage.prepare(plan); !prepared) return std::unexpected(prepared.error());
  return stage;
}

Stage::Stage(std::string folder, bool temporary, LocalPort shop, LocalPort edge, LocalPort console)
    : folder_(std::move(folder)),
      temporary_(temporary),
      shop_(std::move(shop)),
      edge_(std::move(edge)),
      console_(std::move(console)) {}

Stage::Stage(Stage&& other) noexcept
    : folder_(std::exchange(other.folder_, {})),
      temporary_(other.temporary_),
      shop_(std::move(other.shop_)),
      edge_(std::move(other.edge_)),
      console_(std::move(other.console_)),
      shop_process_(std::move(other.shop_process_)),
      standin_process_(std::move(other.standin_process_)) {}

Stage::~Stage() {
  shop_process_.reset();
  standin_process_.reset();
  std::error_code ignored;
  if (temporary_ && !folder_.empty()) files::remove_all(folder_, ignored);
}

Result<void> Stage::prepare(const Plan& plan) const {
  if (socket().size() > socket_path_max) {
    return failure("the folder's name is too long for a Unix socket in it: choose a shorter one with --keep", folder_);
  }
  if (auto keys = Vault::create_keys(folder_ + "/journal.keys"); !keys) return keys;
  std::ofstream file(folder_ + "/demo.toml");
  file << configuration(plan, {.shop = shop_.number(), .edge = edge_.number(), .console = console_.number()});
  file.close();
  if (!file) return failure("cannot be written", folder_ + "/demo.toml");
  return {};
}

Result<void> Stage::start_shop(const rehearsal::Faults& faults) {
  auto child = Child::start("the shop",
                            {"sim", "shop", "--port", std::to_string(shop_.number()), "--ledger", ledger, "--faults",
                             rehearsal::to_json(faults)},
                            folder_, "shop.log");
  if (!child) return std::unexpected(child.error());
  shop_process_ = std::move(*child);
  return wait_until(*shop_process_, [&] { return set_faults(faults).has_value(); });
}

Result<void> Stage::start_standin() {
  auto child = Child::start("standin", {"serve", "-c", "demo.toml"}, folder_, "standin.log");
  if (!child) return std::unexpected(child.error());
  standin_process_ = std::move(*child);
  Standin standin(socket(), console_.number());
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

void Stage::kill_shop() {
  shop_process_->kill();
  shop_process_.reset();
}

Result<void> Stage::all_alive() {
  for (std::optional<Child>* child : {&shop_process_, &standin_process_}) {
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
  for (std::optional<Child>* child : {&standin_process_, &shop_process_}) {
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

std::string Stage::shop_url() const { return fmt::format("http://127.0.0.1:{}", shop_.number()); }
std::string Stage::edge_url() const { return fmt::format("http://127.0.0.1:{}", edge_.number()); }
std::string Stage::console_url() const { return fmt::format("http://127.0.0.1:{}", console_.number()); }

Result<rehearsal::Books> Stage::books() const { return rehearsal::read_ledger(folder_ + "/" + ledger); }

}  // namespace standin::demo
