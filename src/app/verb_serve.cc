#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <CLI/App.hpp>

#include "app/process.h"
#include "app/verbs.h"
#include "telemetry/log.h"

namespace standin {
namespace {

/// A core dump would hold card numbers; every connection needs a descriptor.
void set_process_limits() {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  prctl(PR_SET_DUMPABLE, 0);
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  signal(SIGPIPE, SIG_IGN);
}

/// The signals that `serve` waits for, kept from every thread.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int one : {SIGHUP, SIGTERM, SIGINT}) sigaddset(&signals, one);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void reload(Process& process) {
  const auto reloaded = process.reload();
  if (reloaded) {
    Log::info("reloaded", "the new configuration is in force");
  } else {
    Log::error("not_reloaded", "the old configuration stays in force: " + reloaded.error().what);
  }
}

/// Until a signal says stop.
void run(Process& process, const sigset_t& signals) {
  while (true) {
    const timespec second{1, 0};
    const int signal = sigtimedwait(&signals, nullptr, &second);
    process.measure();
    if (signal == SIGHUP) reload(process);
    if (signal == SIGTERM || signal == SIGINT) return;
  }
}

int serve(const std::string& file) {
  set_process_limits();
  const sigset_t signals = block_signals();
  auto config = load_config(file);
  if (!config) {
    fmt::print(stderr, "{}\n", config.error().what);
    return 2;
  }
  Log::start(config->log.access);
  for (const std::string& warning : config->warnings) Log::warn("configuration", warning);
  auto process = Process::start(std::move(*config));
  if (!process) {
    Log::stop();
    fmt::print(stderr, "{}\n", process.error().what);
    return 1;
  }
  Log::info("serving", (*process)->addresses());
  run(**process, signals);
  Log::info("draining", "no new connections; what is in flight is answered and listened for");
  (*process)->drain();
  process->reset();
  Log::info("stopped", "every answer given is in the journal");
  Log::stop();
  return 0;
}

}  // namespace

void add_serve_verb(CLI::App& app, int& status) {
  auto file = std::make_shared<std::string>();
  CLI::App* verb =
      app.add_subcommand("serve", "runs everything the configuration names; SIGTERM drains, SIGHUP reloads");
  verb->add_option("-c,--config", *file, "configuration")->required();
  verb->footer("Example: standin serve -c standin.toml");
  verb->callback([file, &status] { status = serve(*file); });
}

}  // namespace standin
