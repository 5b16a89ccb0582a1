#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <string>

#include "app/verbs.h"
#include "journal/schema.h"
#include "sim/runner/simulate.h"

int main(int argc, char** argv) {
  CLI::App app("standin keeps a business able to take payments while something it depends on is down.", "standin");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("standin " STANDIN_VERSION ", journal version ") +
                                        std::to_string(standin::journal_version));
  app.footer("`standin VERB --help` shows each verb with an example.");
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
