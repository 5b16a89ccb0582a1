#include "sim/runner/totals.h"

#include <fmt/format.h>

#include <sstream>

#include "journal/lifecycle.h"

namespace standin::sim {

void Totals::add(const RunResult& result) {
  Totals one{.seeds = 1, .payments = result.payments, .lives = result.lives, .virtual_ms = result.virtual_ms};
  one.faults = result.faults;
  one.coverage = result.coverage;
  add(one);
}

void Totals::add(const Totals& other) {
  seeds += other.seeds;
  payments += other.payments;
  lives += other.lives;
  repeated += other.repeated;
  virtual_ms += other.virtual_ms;
  for (const auto& [what, count] : other.faults) faults[what] += count;
  for (const auto& [step, count] : other.coverage) coverage[step] += count;
}

std::string to_text(const Totals& totals) {
  std::string text = fmt::format("seeds {}\npayments {}\nlives {}\nrepeated {}\nvirtual_ms {}\n", totals.seeds,
                                 totals.payments, totals.lives, totals.repeated, totals.virtual_ms);
  for (const auto& [what, count] : totals.faults) text += fmt::format("fault {} {}\n", name(what), count);
  for (const auto& [step, count] : totals.coverage) {
    text += fmt::format("step {} {} {}\n", step.first.empty() ? "-" : step.first, step.second, count);
  }
  return text;
}

Totals parse_totals(std::string_view text) {
  Totals totals;
  std::istringstream lines{std::string(text)};
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string kind, first, second;
    words >> kind;
    if (kind == "seeds") words >> totals.seeds;
    if (kind == "payments") words >> totals.payments;
    if (kind == "lives") words >> totals.lives;
    if (kind == "repeated") words >> totals.repeated;
    if (kind == "virtual_ms") words >> totals.virtual_ms;
    if (kind == "fault" && words >> first) {
      if (const auto what = parse_sabotage(first)) words >> totals.faults[*what];
    }
    if (kind == "step" && words >> first >> second) {
      words >> totals.coverage[{first == "-" ? std::string() : first, second}];
    }
  }
  return totals;
}

std::vector<std::string> never_reached(const Coverage& coverage) {
  std::vector<std::string> missing;
  const auto look_for = [&](const std::string& from, State to) {
    const std::string to_name(standin::name(to));
    if (!coverage.contains({from, to_name})) missing.push_back((from.empty() ? "(new)" : from) + " -> " + to_name);
  };
  for (const State to : all_states) {
    if (may_begin_as(to)) look_for("", to);
  }
  for (const State from : all_states) {
    for (const State to : all_states) {
      if (may_follow(from, to)) look_for(std::string(standin::name(from)), to);
    }
  }
  return missing;
}

std::string report(const Totals& totals) {
  std::string text = fmt::format("{} payments in {} runs, {} lives of standin, {} h of their own time\n",
                                 totals.payments, totals.seeds, totals.lives, totals.virtual_ms / 3'600'000);
  if (totals.repeated > 0) text += fmt::format("{} runs played twice, to the same end\n", totals.repeated);
  text += "faults that struck:\n";
  for (const Sabotage what : all_sabotage) {
    const auto count = totals.faults.find(what);
    text += fmt::format("  {:<14} {:>12}\n", name(what), count == totals.faults.end() ? 0 : count->second);
  }
  const auto missing = never_reached(totals.coverage);
  text += fmt::format("{} different steps of orders' lives; never taken, though allowed: {}\n", totals.coverage.size(),
                      missing.empty() ? "none" : "");
  for (const std::string& step : missing) text += "  " + step + "\n";
  return text;
}

}  // namespace standin::sim
