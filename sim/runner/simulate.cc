#include "sim/runner/simulate.h"

#include <fmt/format.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <thread>

#include "base/planted.h"
#include "base/random.h"
#include "base/result.h"
#include "sim/runner/batch.h"
#include "sim/runner/minimize.h"

namespace standin::sim {
namespace {

struct Options {
  std::optional<std::uint64_t> seed, minimize, runs;
  std::uint64_t first = 1;
  int purchases = Plan{}.purchases;
  long seconds = 10;
  unsigned jobs = 1;
  std::string sabotage = "all", without, regressions, resume, plant;
  bool trace = false, quiet = false, fresh = false, first_failure = false, list_bugs = false;
};

/// An error names what it does not know.
Result<std::set<Sabotage>> sabotage_from(const std::string& list) {
  if (list == "all") return std::set<Sabotage>{all_sabotage.begin(), all_sabotage.end()};
  std::set<Sabotage> kinds;
  if (list == "none") return kinds;
  std::istringstream words(list);
  for (std::string word; std::getline(words, word, ',');) {
    const auto what = parse_sabotage(word);
    if (!what) return failure(fmt::format("there is no sabotage \"{}\": see docs/simulation.md", word));
    kinds.insert(*what);
  }
  return kinds;
}

Result<Plan> plan_of(const Options& options) {
  Plan plan{.seed = options.seed.value_or(options.minimize.value_or(options.first)), .purchases = options.purchases};
  auto kinds = sabotage_from(options.sabotage);
  if (!kinds) return std::unexpected(kinds.error());
  const auto without = options.without.empty() ? std::set<Sabotage>{} : sabotage_from(options.without);
  if (!without) return std::unexpected(without.error());
  for (const Sabotage what : *without) kinds->erase(what);
  plan.sabotage = std::move(*kinds);
  return plan;
}

Result<void> plant_one(const std::string& name) {
  if (name.empty()) return {};
  const auto bug = parse_bug(name);
  if (!bug) return failure(fmt::format("there is no bug \"{}\" to plant", name));
#ifdef STANDIN_PLANTED_BUGS
  plant(*bug);
  return {};
#else
  return failure("this program has no bugs to plant: it was built without STANDIN_PLANTED_BUGS");
#endif
}

int list_bugs() {
  for (const Bug bug : all_bugs) fmt::print("{}\n", standin::name(bug));
  return 0;
}

int play_one(const Plan& plan, bool trace) {
  const auto print = [](const std::string& line) { fmt::print("{}\n", line); };
  const RunResult result = trace ? run(plan, print) : run(plan);
  const bool failed = tell(plan, result);
  fmt::print("seed {}: {} payments, trace {:016x}, {}\n", plan.seed, result.payments, result.trace_hash,
             failed ? "a promise was broken" : "every promise was kept");
  return failed ? 1 : 0;
}

int shrink(const Plan& plan) {
  const RunResult result = run(plan);
  if (!tell(plan, result)) {
    fmt::print("seed {} breaks no promise\n", plan.seed);
    return 0;
  }
  const std::string promise = result.violations.front().promise;
  const auto progress = [](const Plan& smaller) { fmt::print("still broken: {}\n", options_of(smaller)); };
  const Plan least = minimize(plan, promise, progress);
  fmt::print("{} is still broken by: standin simulate {} --trace\n", promise, options_of(least));
  return 1;
}

/// A regression's file: lines that begin with # say what it was; the last is the options that repeated it.
Result<Plan> regression(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string options_line;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && !line.starts_with('#')) options_line = line;
  }
  Options options;
  CLI::App app;
  app.add_option("--seed", options.first);
  app.add_option("--purchases", options.purchases);
  app.add_option("--sabotage", options.sabotage);
  try {
    app.parse(options_line);
  } catch (const CLI::ParseError& error) {
    return failure(error.what(), path.string());
  }
  return plan_of(options);
}

int play_regressions(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  int status = 0;
  for (const auto& file : files) {
    const auto plan = regression(file);
    if (!plan) {
      fmt::print(stderr, "{}: {}\n", plan.error().where, plan.error().what);
      return 2;
    }
    fmt::print("{}: ", file.filename().string());
    status = std::max(status, play_one(*plan, false));
  }
  fmt::print("{} regressions played\n", files.size());
  return status;
}

int play_many(const Plan& plan, const Options& options) {
  const Batch batch{.plan = plan,
                    .first = options.fresh ? system_random().next() >> 16 : options.first,
                    .runs = options.runs,
                    .lasts = std::chrono::seconds(options.seconds),
                    .jobs = options.jobs == 0 ? std::max(1u, std::thread::hardware_concurrency()) : options.jobs,
                    .give_up_after = options.first_failure ? 1u : 10u,
                    .resume = options.resume,
                    .quiet = options.quiet};
  const BatchResult result = play(batch);
  fmt::print("{}{:.0f} payments a second and process\n", report(result.totals),
             static_cast<double>(result.payments) / std::max(result.seconds, 0.001) / batch.jobs);
  fmt::print("{}\n", result.failed == 0 ? "every promise was kept" : fmt::format("{} runs failed", result.failed));
  return result.failed == 0 ? 0 : 1;
}

int simulate(const Options& options) {
  const auto plan = plan_of(options);
  const auto planted = plant_one(options.plant);
  if (!plan || !planted) {
    fmt::print(stderr, "{}\n", plan ? planted.error().what : plan.error().what);
    return 2;
  }
  if (options.list_bugs) return list_bugs();
  if (!options.regressions.empty()) return play_regressions(options.regressions);
  if (options.minimize) return shrink(*plan);
  if (options.seed) return play_one(*plan, options.trace);
  return play_many(*plan, options);
}

}  // namespace

void add_simulate_verb(CLI::App& app, int& status) {
  const auto options = std::make_shared<Options>();
  CLI::App* const verb = app.add_subcommand(
      "simulate", "Plays payments through every kind of fault in a simulated world, and checks every promise.");
  verb->add_option("--seed", options->seed, "play this run alone");
  verb->add_flag("--trace", options->trace, "with --seed: print all that happens");
  verb->add_option("--minimize", options->minimize, "shrink the run of this seed while it still fails");
  verb->add_option("--first", options->first, "first seed of many runs")->capture_default_str();
  verb->add_flag("--fresh", options->fresh, "in place of --first: seeds that nobody has played");
  verb->add_option("--runs", options->runs, "so many runs");
  verb->add_option("--seconds", options->seconds, "or as many as this time allows")->capture_default_str();
  verb->add_option("--jobs", options->jobs, "processes; 0: one for each core")->capture_default_str();
  verb->add_option("--purchases", options->purchases, "payments in each run")->capture_default_str();
  verb->add_option("--sabotage", options->sabotage, "kinds of fault, such as crash,network; all; none")
      ->capture_default_str();
  verb->add_option("--without", options->without, "kinds of fault left out");
  verb->add_option("--regressions", options->regressions, "play the runs noted in this folder's files");
  verb->add_option("--resume", options->resume, "file that keeps the totals, to go on later");
  verb->add_option("--plant", options->plant, "make this mistake, in a build that has them");
  verb->add_flag("--list-bugs", options->list_bugs, "the mistakes that can be planted");
  verb->add_flag("--first-failure", options->first_failure, "stop at the first run that fails");
  verb->add_flag("--quiet", options->quiet, "no progress line");
  verb->footer("Example: standin simulate --seconds 60 --jobs 0");
  verb->callback([options, &status] { status = simulate(*options); });
}

}  // namespace standin::sim
