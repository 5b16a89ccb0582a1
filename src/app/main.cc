#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <string>
#include <vector>

#include "app/verbs.h"
#include "base/text.h"
#include "journal/schema.h"
#include "sim/runner/simulate.h"

namespace {

/// CLI11 says of an unknown verb only that there is none.
std::string what_was_wrong(const CLI::App* app, const CLI::Error& error) {
  const CLI::App* verb = app;
  std::string name = app->get_name();
  while (!verb->get_subcommands().empty()) {
    verb = verb->get_subcommands().front();
    name += " " + verb->get_name();
  }
  const std::vector<std::string> words = verb->remaining();
  if (words.empty() || verb->get_require_subcommand_min() == 0) return CLI::FailureMessage::simple(app, error);
  std::vector<std::string> verbs;
  for (const CLI::App* known : verb->get_subcommands(nullptr)) verbs.push_back(known->get_name());
  const auto meant = standin::nearest(words.front(), verbs);
  return "'" + words.front() + "' is not a verb of " + name +
         (meant ? ": did you mean '" + *meant + "'?\n" : ": `" + name + " --help` lists them.\n");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("standin keeps a business able to take payments while something it depends on is down.", "standin");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("standin " STANDIN_VERSION ", journal version ") +
                                        std::to_string(standin::journal_version));
  app.footer("`standin VERB --help` shows each verb with an example.");
  app.failure_message(what_was_wrong);
  int status = 0;
  standin::add_serve_verb(app, status);
  standin::add_check_verb(app, status);
  standin::add_doctor_verb(app, status);
  standin::add_keys_verb(app, status);
  standin::add_orders_verb(app, status);
  standin::add_replay_verb(app, status);
  standin::add_followups_verb(app, status);
  standin::add_mode_verb(app, status);
  standin::add_upstreams_verb(app, status);
  standin::add_sim_verb(app, status);
  standin::sim::add_simulate_verb(app, status);
  standin::add_load_verb(app, status);
  standin::add_demo_verb(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return status;
}
