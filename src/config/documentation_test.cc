#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "base/text.h"
#include "config/config_test_support.h"
#include "config/keys.h"

namespace standin {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::string file_text(const std::string& path) {
  std::ifstream file(std::string(STANDIN_SOURCE_DIR) + "/" + path);
  EXPECT_TRUE(file) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string default_text(const Key& key) {
  if (key.fallback.empty() || key.fallback == required) return std::string(key.fallback);
  return fmt::format("`{}`", key.fallback);
}

std::string row(const Key& key) {
  return fmt::format("| `{}` | {} | {} | {} |", key.path, kind_text(key), default_text(key), key.meaning);
}

TEST(Documentation, HasARowForEveryKeyAsTheProgramKnowsIt) {
  const std::string page = file_text("docs/configuration.md");
  for (const Key& key : keys()) {
    if (key.kind != Kind::later) {
      EXPECT_THAT(page, HasSubstr(row(key) + "\n"));
    }
  }
}

TEST(Documentation, HasNoRowForAKeyThatTheProgramDoesNotKnow) {
  const std::string page = file_text("docs/configuration.md");
  for (const std::string_view line : split(page, '\n')) {
    if (!line.starts_with("| `")) continue;
    const std::string_view path = line.substr(3, line.find('`', 3) - 3);
    const auto is_row = [path](const Key& key) { return key.path == path && key.kind != Kind::later; };
    EXPECT_TRUE(std::ranges::any_of(keys(), is_row)) << path;
  }
}

/// The sample with the default of every key in these tables written out.
std::string with_defaults(std::string text, std::string_view header, std::string_view prefix) {
  std::string lines(header);
  for (const Key& key : keys()) {
    const bool plain = !key.fallback.empty() && key.fallback != required && key.kind != Kind::table;
    if (!plain || !key.path.starts_with(prefix)) continue;
    lines += fmt::format("{} = {}\n", key.path.substr(prefix.size()), key.fallback);
  }
  return with(std::move(text), header, lines);
}

TEST(Documentation, TellsTheDefaultsThatTheProgramHas) {
  Sample sample;
  sample.process += "[server]\n[log]\n[console]\n";
  sample.upstream =
      "[upstream.shop]\ntargets = [\"http://127.0.0.1:3000\"]\nhealth.path = \"/ping\"\n"
      "duplicates = { kind = \"keyed\", window = \"forever\" }\n"
      "finder.request = \"GET /orders\"\nreversal.request = \"POST /cancel\"\n";
  sample.route = "[[route]]\nname = \"orders\"\nmatch = \"POST /orders\"\nupstream = \"shop\"\nstand_in = \"order\"\n";
  sample.stand_in = with(with(with(sample.stand_in, "approve = { status = 201 }", "approve.status = 201"),
                              "decline = { status = 422 }", "decline.status = 422"),
                         "unavailable = { status = 503 }", "unavailable.status = 503");
  sample.stand_in = with(sample.stand_in, "expect = { status = [201], pointer = \"/id\" }",
                         "expect.status = [201]\nexpect.content_type = \"a/b\"");
  std::string full = sample.text();
  full = with_defaults(full, "[server]\n", "server.");
  full = with_defaults(full, "[log]\n", "log.");
  full = with_defaults(full, "[console]\n", "console.");
  full = with_defaults(full, "[upstream.shop]\n", "upstream.NAME.");
  full = with(with_defaults(full, "[[route]]\n", "route."), "outage_page = \"\"\n", "");
  full = with(with_defaults(full, "[stand_in.order]\n", "stand_in.NAME."), "expect.content_type = \"\"\n", "");
  full = with(full, "have_it.content_type = \"\"\n", "");
  EXPECT_EQ(describe(parsed(full)), describe(parsed(sample.text())));
}

TEST(Documentation, TheExampleLoadsWithoutAWarning) {
  const auto config = load_config(std::string(STANDIN_SOURCE_DIR) + "/docs/examples/standin.toml");
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_THAT(config->warnings, IsEmpty());
  EXPECT_EQ(config->server.listen, std::vector<std::string>{"127.0.0.1:8080"});
  EXPECT_EQ(config->upstreams.at("shop").targets, std::vector<std::string>{"http://127.0.0.1:3000"});
}

}  // namespace
}  // namespace standin
