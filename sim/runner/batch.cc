#include "sim/runner/batch.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

#include "base/result.h"

namespace standin::sim {
namespace {

using Watch = std::chrono::steady_clock;

constexpr std::uint64_t twice_every = 20;
constexpr int violations_shown = 5;

/// One process that plays every `jobs`th seed and reports through a pipe: blocks of lines, each ended by "done SEED".
struct Worker {
  pid_t process = 0;
  int from = -1;
  std::string text;
  bool ended = false;
};

void write_all(int to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(to, text.data(), text.size());
    if (written <= 0) _exit(3);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// What one seed came to, as lines.
std::string play_seed(Plan plan) {
  const RunResult result = run(plan);
  Totals totals;
  totals.add(result);
  bool failed = tell(plan, result);
  if (plan.seed % twice_every == 0) {
    totals.repeated = 1;
    if (run(plan).trace_hash != result.trace_hash) {
      failed = true;
      fmt::print("NOT REPEATABLE: two runs differ: standin simulate {}\n", options_of(plan));
    }
  }
  std::fflush(stdout);
  return fmt::format("{}failed {}\ndone {}\n", to_text(totals), failed ? 1 : 0, plan.seed);
}

[[noreturn]] void work(const Batch& batch, unsigned which, int to) {
  const auto began = Watch::now();
  Plan plan = batch.plan;
  for (std::uint64_t number = which; !batch.runs || number < *batch.runs; number += batch.jobs) {
    if (!batch.runs && Watch::now() - began > *batch.lasts) break;
    plan.seed = batch.first + number;
    write_all(to, play_seed(plan));
  }
  _exit(0);
}

Worker hire(const Batch& batch, unsigned which) {
  int ends[2];
  ensure(pipe(ends) == 0, "a pipe can be made");
  std::fflush(stdout);
  const pid_t process = fork();
  ensure(process >= 0, "a process can be made");
  if (process == 0) {
    close(ends[0]);
    work(batch, which, ends[1]);
  }
  close(ends[1]);
  return {.process = process, .from = ends[0], .text = {}, .ended = false};
}

/// Takes what is complete out of the worker's text.
void take_blocks(Worker& worker, BatchResult& result, std::uint64_t& next) {
  while (true) {
    const auto mark = worker.text.find("done ");
    const auto end = mark == std::string::npos ? mark : worker.text.find('\n', mark);
    if (end == std::string::npos) return;
    const std::string block = worker.text.substr(0, end);
    worker.text.erase(0, end + 1);
    result.totals.add(parse_totals(block));
    if (block.find("failed 1") != std::string::npos) ++result.failed;
    next = std::max<std::uint64_t>(next, std::stoull(block.substr(mark + 5)) + 1);
  }
}

/// False at the end of the pipe.
bool read_more(Worker& worker) {
  char buffer[65536];
  const ssize_t count = ::read(worker.from, buffer, sizeof buffer);
  if (count <= 0) return false;
  worker.text.append(buffer, static_cast<std::size_t>(count));
  return true;
}

void listen(std::vector<Worker>& workers, BatchResult& result, std::uint64_t& next) {
  std::vector<pollfd> waiting;
  for (const Worker& worker : workers) waiting.push_back({worker.ended ? -1 : worker.from, POLLIN, 0});
  poll(waiting.data(), waiting.size(), 1000);
  for (std::size_t i = 0; i < workers.size(); ++i) {
    if (waiting[i].revents == 0) continue;
    workers[i].ended = !read_more(workers[i]);
    take_blocks(workers[i], result, next);
  }
}

/// True if it ended by itself and in order.
bool dismiss(const Worker& worker, bool stop) {
  if (stop) kill(worker.process, SIGTERM);
  int status = 0;
  waitpid(worker.process, &status, 0);
  close(worker.from);
  return stop || (WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void keep_for_later(const std::string& file, const Totals& totals, std::uint64_t next) {
  if (file.empty()) return;
  std::ofstream(file, std::ios::trunc) << "next " << next << '\n' << to_text(totals);
}

/// What an earlier batch of that file left.
Totals take_up(const std::string& file, std::uint64_t& next) {
  std::ifstream in(file);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  std::string word;
  std::istringstream words(text);
  if (words >> word && word == "next") words >> next;
  return parse_totals(text);
}

void show_progress(const BatchResult& result, const Totals& before) {
  std::uint64_t faults = 0;
  for (const auto& [what, count] : result.totals.faults) faults += count;
  const std::uint64_t payments = result.totals.payments - before.payments;
  fmt::print(stderr, "\r{} runs, {} payments ({:.0f}/s), {} faults, {} lives, {} steps not seen, {} failed ",
             result.totals.seeds, result.totals.payments, static_cast<double>(payments) / result.seconds, faults,
             result.totals.lives, never_reached(result.totals.coverage).size(), result.failed);
}

}  // namespace

bool tell(const Plan& plan, const RunResult& result) {
  if (result.violations.empty()) return false;
  std::string text = fmt::format("BROKEN: standin simulate {} --trace\n", options_of(plan));
  int shown = 0;
  for (const Violation& violation : result.violations) {
    if (++shown > violations_shown) break;
    text += fmt::format("  {} {}: {}\n", violation.promise, violation.purchase, violation.what);
  }
  fmt::print("{}", text);
  return true;
}

BatchResult play(const Batch& asked) {
  Batch batch = asked;
  BatchResult result;
  if (!batch.resume.empty()) result.totals = take_up(batch.resume, batch.first);
  const Totals before = result.totals;
  std::uint64_t next = batch.first;
  const auto began = Watch::now();
  std::vector<Worker> workers;
  for (unsigned which = 0; which < batch.jobs; ++which) workers.push_back(hire(batch, which));
  auto shown = began;
  while (std::ranges::any_of(workers, [](const Worker& worker) { return !worker.ended; })) {
    listen(workers, result, next);
    result.seconds = std::chrono::duration<double>(Watch::now() - began).count();
    if (result.failed >= batch.give_up_after) break;
    if (Watch::now() - shown < std::chrono::seconds(2)) continue;
    shown = Watch::now();
    if (!batch.quiet) show_progress(result, before);
    keep_for_later(batch.resume, result.totals, next);
  }
  const bool stop = result.failed >= batch.give_up_after;
  for (const Worker& worker : workers) {
    if (!dismiss(worker, stop)) {
      fmt::print("BROKEN: a run ended the process; the seed is one of {} after the last that was done\n", batch.jobs);
      ++result.failed;
    }
  }
  keep_for_later(batch.resume, result.totals, next);
  result.payments = result.totals.payments - before.payments;
  if (!batch.quiet) fmt::print(stderr, "\n");
  return result;
}

}  // namespace standin::sim
