#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "sim/runner/simulate.h"

/// The verb alone, for builds with bugs to plant: nobody should take one of those for the program.
int main(int argc, char** argv) {
  CLI::App app("The simulator, with mistakes that it must find.", "standin_planted");
  app.require_subcommand(1);
  int status = 0;
  standin::sim::add_simulate_verb(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return status;
}
