#include <fmt/format.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <memory>

#include "app/doctor.h"
#include "app/table.h"
#include "app/verbs.h"
#include "net/asio_clock.h"
#include "upstream/http_transport.h"

namespace standin {
namespace {

namespace json = boost::json;

/// A little more than all steps of a probe together, which run at the same time for all targets.
constexpr Duration patience = std::chrono::seconds(20);

struct DoctorOptions {
  std::string file;
  bool json = false;
};

Task<> probe_target(ProbedTarget& target, ClientOptions options) {
  target.probe = co_await probe(target.endpoint, target.upstream->health.path, std::move(options));
}

Result<std::vector<ProbedTarget>> probe_targets(const Config& config, boost::asio::io_context& io) {
  std::vector<ProbedTarget> targets;
  for (const auto& [upstream_name, upstream] : config.upstreams) {
    for (const std::string& url : upstream.targets) {
      auto endpoint = Endpoint::parse(url);
      if (!endpoint) return std::unexpected(endpoint.error());
      targets.push_back({fmt::format("{} {}", upstream_name, url), &upstream, std::move(*endpoint), {}});
    }
  }
  for (ProbedTarget& target : targets) {
    spawn(io.get_executor(), probe_target(target, client_options(config, nullptr)));
  }
  io.run_for(patience);
  return targets;
}

std::string_view colour_of(CheckVerdict verdict) {
  switch (verdict) {
    case CheckVerdict::good: return "32";
    case CheckVerdict::warning: return "33";
    case CheckVerdict::failed: return "31";
    case CheckVerdict::not_tested: return "2";
  }
  unreachable();
}

void print_checks(const std::vector<Check>& checks) {
  std::string_view subject;
  for (const Check& check : checks) {
    if (check.subject != subject) fmt::print("{}{}\n", subject.empty() ? "" : "\n", printable(check.subject));
    subject = check.subject;
    std::string verdict = fmt::format("{:10}", name(check.verdict));
    if (may_colour()) verdict = fmt::format("\x1b[{}m{}\x1b[0m", colour_of(check.verdict), verdict);
    fmt::print("  {}  {:7}  {}\n", verdict, check.what, printable(check.detail));
    if (!check.advice.empty()) fmt::print("{:23}-> {}\n", "", printable(check.advice));
  }
}

void print_rules(const std::vector<FirewallRule>& rules) {
  if (rules.empty()) return;
  fmt::print("\nA firewall must let out:\n");
  Table table({"PROTOCOL", "TO", "PORT", "FOR"});
  for (const FirewallRule& rule : rules) table.add({rule.protocol, rule.to, std::to_string(rule.port), rule.purpose});
  print(table, "");
  fmt::print(
      "Let out every address that a party publishes for its names, not only today's answers. A party that drops ICMP "
      "cannot be\ntested with ping(8).\n");
}

std::size_t count(const std::vector<Check>& checks, CheckVerdict verdict) {
  return static_cast<std::size_t>(std::ranges::count(checks, verdict, &Check::verdict));
}

void print_json(const std::vector<Check>& checks, const std::vector<FirewallRule>& rules) {
  json::array shown_checks;
  for (const Check& check : checks) {
    shown_checks.push_back({{"subject", check.subject},
                            {"check", check.what},
                            {"verdict", name(check.verdict)},
                            {"detail", check.detail},
                            {"advice", check.advice}});
  }
  json::array shown_rules;
  for (const FirewallRule& rule : rules) {
    shown_rules.push_back({{"to", rule.to}, {"port", rule.port}, {"protocol", rule.protocol}, {"for", rule.purpose}});
  }
  const json::value all{
      {"good", count(checks, CheckVerdict::failed) == 0}, {"checks", shown_checks}, {"firewall", shown_rules}};
  fmt::print("{}\n", json::serialize(all));
}

int examine(const DoctorOptions& options) {
  const auto config = load_config(options.file);
  if (!config) return misconfigured(config.error());
  boost::asio::io_context io(1);
  const AsioClock clock(io.get_executor());
  if (on_terminal() && !options.json) fmt::print(stderr, "Testing every target at the same time...\n");
  const auto targets = probe_targets(*config, io);
  if (!targets) return misconfigured(targets.error());
  std::vector<Check> checks;
  for (const ProbedTarget& target : *targets)
    std::ranges::move(judge(target, clock.wall()), std::back_inserter(checks));
  std::ranges::move(examine_machine(*config, clock), std::back_inserter(checks));
  const auto rules = firewall_rules(*config, *targets);
  const std::size_t failed = count(checks, CheckVerdict::failed);
  if (options.json) {
    print_json(checks, rules);
  } else {
    print_checks(checks);
    print_rules(rules);
    fmt::print("\n{} good, {} warnings, {} failed\n", count(checks, CheckVerdict::good),
               count(checks, CheckVerdict::warning), failed);
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace

void add_doctor_verb(CLI::App& app, int& status) {
  const auto options = std::make_shared<DoctorOptions>();
  CLI::App* verb =
      app.add_subcommand("doctor", "Test every target, the journal's disk, the keys, the access log and the limits");
  verb->add_option("-c,--config", options->file, "configuration")->required();
  verb->add_flag("--json", options->json, "for programs");
  verb->footer("Example:\n  standin doctor -c standin.toml");
  verb->callback([options, &status] { status = examine(*options); });
}

}  // namespace standin
