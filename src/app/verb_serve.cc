#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <chrono>
#include <optional>

#include "app/process.h"
#include "app/starts.h"
#include "app/verbs.h"
#include "journal/schema.h"
#include "net/asio_clock.h"
#include "net/service_manager.h"
#include "net/succession.h"
#include "telemetry/log.h"

namespace standin {
namespace {

/// How long nothing is promised, since what kills the process may be gone by then.
constexpr std::chrono::minutes pass_through(10);
/// A configuration is read in milliseconds; names that it listens on may take a resolver's patience.
constexpr std::chrono::seconds new_process_reads(30);
/// A journal of a million orders is read in seconds; who has connected waits as long.
constexpr std::chrono::seconds new_process_opens(120);

/// Descriptors that the kernel's table has room for from the start; 8 bytes each.
constexpr rlim_t descriptors_at_first = 65'536;

/// Linux doubles a process's table of descriptors when it is full, and in a process with threads waits for all
/// processors meanwhile: 5 to 40 ms in which the loop whose accept() it was serves nobody. Before the first thread it
/// costs nothing.
void make_room_for_descriptors(rlim_t limit) {
  const int highest = static_cast<int>(std::min(limit, descriptors_at_first)) - 1;
  const int descriptor = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, highest);
  if (descriptor >= 0) close(descriptor);
}

/// A core dump would hold card numbers; every connection needs a descriptor.
void set_process_limits() {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  prctl(PR_SET_DUMPABLE, 0);
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  make_room_for_descriptors(files.rlim_cur);
  signal(SIGPIPE, SIG_IGN);
}

/// The signals that `serve` waits for, kept from every thread.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int one : {SIGHUP, SIGTERM, SIGINT, SIGUSR2}) sigaddset(&signals, one);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void reload(Process& process) {
  notify_reloading();
  const auto reloaded = process.reload();
  notify_manager("READY=1");
  if (reloaded) {
    Log::info("reloaded", "the new configuration is in force");
  } else {
    Log::error("not_reloaded", "the old configuration stays in force: " + reloaded.error().what);
  }
}

/// What one process of this service does from its start to its end.
class Service {
 public:
  explicit Service(std::string file) : file_(std::move(file)), signals_(block_signals()) {}

  int serve();

 private:
  std::string before_journal(const std::string& journal, WallTime now);
  void run();
  bool hand_over();
  bool pass_through_is_over() const;
  void stop();

  const std::string file_;
  const sigset_t signals_;
  std::optional<Predecessor> predecessor_ = Predecessor::find();
  std::optional<Starts> starts_;
  std::optional<Instant> pass_through_until_;
  std::unique_ptr<Process> process_;
  int exit_status_ = 0;
};

/// When the journal is ours to open: why not to open it, if so.
std::string Service::before_journal(const std::string& journal, WallTime now) {
  if (predecessor_) predecessor_->wait_for_journal();
  starts_.emplace(journal, now);
  if (!starts_->too_many()) return "";
  pass_through_until_ = steady_now() + pass_through;
  const std::string why = fmt::format(
      "pass-through: the process died three times within a minute. Everything is forwarded that needs no journal, "
      "nothing is promised or replayed, until somebody restarts it, and for at most {} minutes",
      pass_through.count());
  Log::error("pass_through", why);
  return why;
}

int Service::serve() {
  InheritedSockets sockets = InheritedSockets::take(predecessor_.has_value());
  auto config = load_config(file_);
  if (!config) {
    fmt::print(stderr, "{}\n", config.error().what);
    return 2;
  }
  if (predecessor_ && predecessor_->journal() > journal_version) {
    fmt::print(stderr, "the journal is of version {}, and this standin knows {}: run that version, or a newer one\n",
               predecessor_->journal(), journal_version);
    return 1;
  }
  if (auto started = Log::start(config->log.access); !started) {
    fmt::print(stderr, "{}\n", started.error().what);
    return 1;
  }
  for (const std::string& warning : config->warnings) Log::warn("configuration", warning);
  const std::string journal = config->journal.path;
  auto process =
      Process::start(std::move(*config),
                     {std::move(sockets), [this, &journal](WallTime now) { return before_journal(journal, now); }});
  if (!process) {
    if (starts_) starts_->take_back();
    Log::stop();
    fmt::print(stderr, "{}\n", process.error().what);
    return 1;
  }
  process_ = std::move(*process);
  Log::info("serving", process_->addresses());
  if (predecessor_) predecessor_->tell_that_we_serve();
  notify_manager("READY=1");
  run();
  stop();
  return exit_status_;
}

/// Until a signal says stop, or another process has taken over.
void Service::run() {
  while (true) {
    const timespec second{1, 0};
    const int signal = sigtimedwait(&signals_, nullptr, &second);
    process_->measure();
    if (signal == SIGHUP) {
      Log::reopen();
      reload(*process_);
    }
    if (signal == SIGTERM || signal == SIGINT) return;
    if ((signal == SIGUSR2 || pass_through_is_over()) && hand_over()) return;
  }
}

bool Service::pass_through_is_over() const { return pass_through_until_ && steady_now() >= *pass_through_until_; }

/// False if nothing has changed: this process serves on.
bool Service::hand_over() {
  auto successor = Successor::start({"serve", "-c", file_}, process_->sockets(), journal_version);
  const auto is_ready =
      successor ? (*successor)->wait_until_ready(new_process_reads) : std::unexpected(successor.error());
  if (!is_ready) {
    if (pass_through_until_) pass_through_until_ = steady_now() + pass_through;
    Log::error("not_handed_over", is_ready.error().what + "; this process serves on");
    return false;
  }
  const auto began = steady_now();
  process_->let_go();
  starts_->forget();
  starts_.reset();
  (*successor)->give();
  const auto serves = (*successor)->wait_until_it_serves(new_process_opens);
  if (!serves) {
    exit_status_ = 1;
    Log::error("handed_over_to_nobody", serves.error().what + "; this process ends, and is to be started again");
    return true;
  }
  const auto took = std::chrono::floor<std::chrono::milliseconds>(steady_now() - began);
  notify_manager(fmt::format("MAINPID={}", (*successor)->process()));
  Log::info("handed_over", fmt::format("process {} serves, after {} ms", (*successor)->process(), took.count()));
  return true;
}

void Service::stop() {
  if (starts_) notify_manager("STOPPING=1");  // else another process is this service by now
  Log::info("draining", "no new connections; what is in flight is answered and listened for");
  process_->drain();
  process_.reset();
  if (starts_) starts_->forget();
  Log::info("stopped", "every answer given is in the journal");
  Log::stop();
}

int serve(const std::string& file) {
  set_process_limits();
  return Service(file).serve();
}

}  // namespace

void add_serve_verb(CLI::App& app, int& status) {
  auto file = std::make_shared<std::string>();
  CLI::App* verb = app.add_subcommand(
      "serve",
      "Run everything the configuration names; SIGTERM drains, SIGHUP reloads, SIGUSR2 hands over to a "
      "new process");
  verb->add_option("-c,--config", *file, "configuration")->required();
  verb->footer("Example: standin serve -c standin.toml");
  verb->callback([file, &status] { status = serve(*file); });
}

}  // namespace standin
