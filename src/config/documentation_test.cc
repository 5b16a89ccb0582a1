#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <span>
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
      EXPECT_TRUE(page.contains(row(key) + "\n")) << row(key);
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
std::string with_defaults(std::string text, std::string_view header, std::string_view prefix,
                          std::span<const std::string_view> but_for = {}) {
  std::string lines(header);
  for (const Key& key : keys()) {
    const bool plain = !key.fallback.empty() && key.fallback != required && key.kind != Kind::table;
    const auto left_out = [&](std::string_view path) { return key.path.starts_with(path); };
    if (!plain || !key.path.starts_with(prefix) || std::ranges::any_of(but_for, left_out)) continue;
    lines += fmt::format("{} = {}\n", key.path.substr(prefix.size()), key.fallback);
  }
  return with(std::move(text), header, lines);
}

constexpr std::array<std::string_view, 4> gateways_search{"upstream.NAME.finder.before", "upstream.NAME.finder.after",
                                                          "upstream.NAME.finder.timezone",
                                                          "upstream.NAME.finder.searches"};
constexpr std::array<std::string_view, 1> listeners{"server.listen."};
constexpr std::array<std::string_view, 5> of_other_routes{"route.stand_in.", "route.key_window", "route.cache.",
                                                          "route.fallback_files", "route.redirect"};

TEST(Documentation, TellsTheDefaultsThatTheProgramHas) {
  Sample sample;
  sample.process += "[server]\n[dns]\n[log]\n[console]\n";
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
  full = with_defaults(full, "[server]\n", "server.", listeners);
  full = with_defaults(full, "[dns]\n", "dns.");
  full = with_defaults(full, "[log]\n", "log.");
  full = with_defaults(full, "[console]\n", "console.");
  full = with_defaults(full, "[upstream.shop]\n", "upstream.NAME.", gateways_search);
  full = with(with_defaults(full, "[[route]]\n", "route.", of_other_routes), "outage_page = \"\"\n", "");
  full = with(with_defaults(full, "[stand_in.order]\n", "stand_in.NAME."), "expect.content_type = \"\"\n", "");
  full = with(full, "have_it.content_type = \"\"\n", "");
  EXPECT_EQ(describe(parsed(full)), describe(parsed(sample.text())));
}

TEST(Documentation, TellsTheDefaultsOfGateways) {
  constexpr std::array<std::string_view, 5> applications{
      "upstream.NAME.finder.list", "upstream.NAME.finder.reference", "upstream.NAME.finder.state",
      "upstream.NAME.finder.not_standing", "upstream.NAME.reversal."};
  constexpr std::array<std::string_view, 9> said{"route.key_window", "route.dialect",         "route.outage_page",
                                                 "route.tenant",     "upstream.NAME.dialect", "upstream.NAME.currency",
                                                 "route.cache.",     "route.fallback_files",  "route.redirect"};
  std::vector<std::string_view> but_for(applications.begin(), applications.end());
  but_for.insert(but_for.end(), said.begin(), said.end());
  GatewaySample sample;
  sample.upstream =
      "[upstream.cardgate]\ndialect = \"usaepay\"\ncurrency = \"USD\"\ntargets = [\"https://a.example\"]\n"
      "duplicates.kind = \"none\"\nreversal = \"void\"\nfinder.index_lag = \"0s\"\nhealth.path = \"/ping\"\n";
  sample.route =
      "[[route]]\nname = \"till\"\nmatch = \"POST /gate\"\ndialect = \"usaepay\"\nupstream = \"cardgate\"\n"
      "stand_in.policy = \"till\"\n";
  std::string full = with(sample.text(), "finder.index_lag = \"0s\"\n", "");
  full = with_defaults(full, "[upstream.cardgate]\n", "upstream.NAME.", but_for);
  full = with_defaults(full, "[[route]]\n", "route.", but_for);
  EXPECT_EQ(describe(parsed(full)), describe(parsed(sample.text())));
}

TEST(Documentation, TheExampleOfGatewaysLoadsWithoutAWarning) {
  const std::string folder = fresh_folder("gateways_example");
  std::filesystem::create_directory(folder + "/var");
  write_secret(folder + "/var/cardgate.keys", "simulated-source-key 1234\n");
  write_secret(folder + "/var/backupgate.keys", "sk_test_simulated\n");
  const Config config = parsed(file_text("docs/examples/gateways.toml"), folder + "/gateways.toml");
  EXPECT_THAT(config.warnings, IsEmpty());
  EXPECT_EQ(config.routes.size(), 2u);
  EXPECT_EQ(config.stand_ins.at("till").currency, "USD");
  EXPECT_EQ(config.upstreams.at("cardgate").targets.size(), 2u);
}

TEST(Documentation, TheExampleLoadsWithoutAWarning) {
  const auto config = load_config(std::string(STANDIN_SOURCE_DIR) + "/docs/examples/standin.toml");
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_THAT(config->warnings, IsEmpty());
  ASSERT_EQ(config->server.listen.size(), 1u);
  EXPECT_EQ(config->server.listen[0].address, "127.0.0.1:8080");
  EXPECT_EQ(config->upstreams.at("shop").targets, std::vector<std::string>{"http://127.0.0.1:3000"});
}

}  // namespace
}  // namespace standin
