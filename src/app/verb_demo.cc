#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "app/demo_story.h"
#include "app/verbs.h"

namespace standin {
namespace {

struct DemoInput {
  demo::Options options;
  std::int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(demo::usual).count();
  bool fast = false;
};

int run(DemoInput& input) {
  input.options.length = input.fast ? demo::shortest : std::chrono::seconds(input.seconds);
  return demo::play(input.options);
}

}  // namespace

void add_demo_verb(CLI::App& app, int& status) {
  auto input = std::make_shared<DemoInput>();
  CLI::App* verb = app.add_subcommand(
      "demo",
      "The story of an outage on this machine, with real processes: a shop goes down, its customers notice nothing");
  verb->add_flag("--once", input->options.once, "end with the count, rather than with Ctrl-C");
  const auto whole = [](Duration span) { return std::chrono::duration_cast<std::chrono::seconds>(span).count(); };
  auto* span = verb->add_option("--seconds", input->seconds, "from the first shopper to the last")
                   ->check(CLI::Range(whole(demo::shortest), whole(demo::longest)))
                   ->capture_default_str();
  verb->add_flag("--fast", input->fast, "the shortest one")->excludes(span);
  verb->add_option("--keep", input->options.keep, "a new or empty folder for what everybody writes down; it stays");
  verb->footer("Example: standin demo --once --keep /tmp/outage");
  verb->callback([input, &status] { status = run(*input); });
}

}  // namespace standin
