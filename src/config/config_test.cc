#include "config/config.h"

#include "config/config_test_support.h"

namespace standin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

TEST(Config, ReadsARouteWithItsUpstreamStandInAndPolicy) {
  const Config config = parsed(Sample().text());
  ASSERT_EQ(config.routes.size(), 1u);
  const RouteConfig& route = config.routes[0];
  EXPECT_EQ(route.method, "POST");
  EXPECT_EQ(route.path, "/orders");
  EXPECT_EQ(route.key_header, "Idempotency-Key");
  EXPECT_EQ(route.mode, Mode::automatic);
  EXPECT_EQ(config.upstreams.at("shop").duplicates, Duplicates::keyed);
  EXPECT_EQ(config.upstreams.at("shop").duplicates_window, Duration::max());
  EXPECT_EQ(config.stand_ins.at("order").expect.status, std::vector{201});
  ASSERT_EQ(config.policies.at("default").floor_limit.size(), 1u);
  EXPECT_EQ(config.policies.at("default").floor_limit[0].minor, 2500);
  EXPECT_EQ(config.policies.at("default").exposure_total[0].minor, 500000);
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST(Config, PathsAreRelativeToTheFilesFolder) {
  const Config config = parsed(Sample().text());
  EXPECT_EQ(config.journal.path, "/etc/standin/j/journal.db");
  EXPECT_EQ(config.journal.key_file, "/etc/standin/j/keys");
  EXPECT_EQ(config.console.socket, "/etc/standin/j/standin.sock");
}

TEST(Config, AbsolutePathsStay) {
  Sample sample;
  sample.process = "[journal]\nurl = \"sqlite:/var/lib/standin/journal.db\"\nkey_file = \"/k\"\n";
  EXPECT_EQ(parsed(sample.text()).journal.path, "/var/lib/standin/journal.db");
}

TEST(Config, ReadsEveryUpstreamSetting) {
  Sample sample;
  sample.upstream +=
      "balance = \"random\"\nconcurrency = 7\n"
      "timeouts = { connect = \"200ms\", write = \"1s\", response = \"3s\", listen_late = \"2m\" }\n"
      "breaker = { window = \"20s\", minimum = 5, error_rate = 0.25, consecutive = 2, open_for = \"1s\", "
      "probe_timeout = \"300ms\", successes = 1, half_open_max = \"1h\" }\n"
      "health = { path = \"/ping\", every = \"2s\", timeout = \"1s\", expect = \"OK\" }\n";
  const UpstreamConfig shop = parsed(sample.text()).upstreams.at("shop");
  EXPECT_EQ(shop.balance, Balance::random);
  EXPECT_EQ(shop.concurrency, 7u);
  EXPECT_EQ(shop.timeouts.connect, 200ms);
  EXPECT_EQ(shop.timeouts.listen_late, 120s);
  EXPECT_EQ(shop.breaker.error_rate, 0.25);
  EXPECT_EQ(shop.breaker.half_open_max, 1h);
  EXPECT_EQ(shop.health.expect, "OK");
}

TEST(Config, ReadsEveryStandInSetting) {
  Sample sample;
  sample.stand_in +=
      "require = [\"/items/0\"]\nstrip = [\"/card/cvv\"]\nundelivered = \"reverse\"\n"
      "have_it = { status = [409], pointer = \"/existing/id\" }\n"
      "replay = { start = \"when-healthy\", rate = 2.5, concurrency = 9 }\n";
  const StandInConfig order = parsed(sample.text()).stand_ins.at("order");
  EXPECT_THAT(order.require, ElementsAre("/items/0"));
  EXPECT_THAT(order.strip, ElementsAre("/card/cvv"));
  EXPECT_EQ(order.undelivered, Undelivered::reverse);
  EXPECT_EQ(order.have_it->pointer, "/existing/id");
  EXPECT_TRUE(order.replay_by_itself);
  EXPECT_EQ(order.replay_rate, 2.5);
  EXPECT_EQ(order.replay_concurrency, 9u);
}

TEST(Config, HeadersOfAnAnswerKeepTheirOrder) {
  Sample sample;
  sample.stand_in = with(sample.stand_in, "approve = { status = 201 }",
                         "approve = { status = 201, headers = { X-Zulu = \"1\", Content-Type = \"a/b\" } }");
  const StandInConfig order = parsed(sample.text()).stand_ins.at("order");
  ASSERT_EQ(order.approve.headers.size(), 2u);
  EXPECT_EQ(order.approve.headers[0].first, "X-Zulu");
}

TEST(Config, AKeyMayBeFactsOrNone) {
  Sample sample;
  sample.route = with(sample.route, "\"Idempotency-Key\"", "[\"merchant\", \"/cart_id\"]");
  EXPECT_THAT(parsed(sample.text()).routes[0].key_facts, ElementsAre("merchant", "/cart_id"));
  sample.route = with(sample.route, "[\"merchant\", \"/cart_id\"]", "\"none\"");
  EXPECT_EQ(parsed(sample.text()).routes[0].key_header, "");
}

TEST(Config, TotalExposureMayBeSaidForSeveralCurrencies) {
  Sample sample;
  sample.policy =
      "[policy.default]\nfloor_limit = { USD = \"25.00\", JPY = \"3000\" }\n"
      "exposure = { total = [\"5000.00 USD\", \"100000 JPY\"] }\n";
  EXPECT_EQ(parsed(sample.text()).policies.at("default").exposure_total[1].minor, 100000);
}

TEST(Config, VersionNamesTheText) {
  const Config one = parsed(Sample().text());
  EXPECT_EQ(one.version.size(), 12u);
  EXPECT_EQ(one.version, parsed(Sample().text()).version);
  EXPECT_NE(one.version, parsed(Sample().text() + "# a comment\n").version);
}

TEST(Config, PolicyVersionNamesItsValuesAndNotTheirOrderOrTheRestOfTheFile) {
  Sample sample;
  sample.policy =
      "[policy.default]\nfloor_limit = { USD = \"25.00\", EUR = \"9.00\" }\n"
      "exposure = { total = [\"5000.00 USD\", \"90.00 EUR\"] }\n";
  const std::string version = parsed(sample.text()).policies.at("default").version;
  sample.policy =
      "[policy.default]\nfloor_limit = { EUR = \"9.00\", USD = \"25.00\" }  # a comment\n"
      "exposure = { total = [\"90.00 EUR\", \"5000.00 USD\"] }\n";
  EXPECT_EQ(parsed(sample.text()).policies.at("default").version, version);
  sample.policy = with(sample.policy, "9.00", "9.01");
  EXPECT_NE(parsed(sample.text()).policies.at("default").version, version);
}

TEST(Config, ASyntaxErrorPointsAtItsPlace) {
  EXPECT_THAT(problems_of("[server]\nthreads = = 1\n"), StartsWith("standin.toml:2:11: "));
}

TEST(Config, AMissingFileIsNamed) {
  const auto config = load_config("/nowhere/standin.toml");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().what, HasSubstr("/nowhere/standin.toml: cannot be read"));
}

TEST(Config, SecretsOfACredentialFileAreNotDescribed) {
  const std::string folder = testing::TempDir();
  const std::string path = folder + "/credential";
  FILE* file = std::fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  std::fputs("Authorization: Bearer s3cret\n", file);
  std::fclose(file);
  Sample sample;
  sample.stand_in += "replay = { credential_file = \"" + path + "\" }\n";
  const Config config = parsed(sample.text());
  EXPECT_EQ(config.stand_ins.at("order").replay_credential, "Authorization: Bearer s3cret");
  EXPECT_THAT(describe(config), Not(HasSubstr("s3cret")));
}

TEST(Config, BodyFilesAreReadBesideTheConfiguration) {
  const std::string folder = testing::TempDir();
  FILE* file = std::fopen((folder + "/created.json").c_str(), "w");
  ASSERT_NE(file, nullptr);
  std::fputs("{\"id\":\"{{reference}}\"}", file);
  std::fclose(file);
  Sample sample;
  sample.stand_in =
      with(sample.stand_in, "approve = { status = 201 }", "approve = { status = 201, body_file = \"created.json\" }");
  const Config config = parsed(sample.text(), folder + "/standin.toml");
  EXPECT_EQ(config.stand_ins.at("order").approve.body, "{\"id\":\"{{reference}}\"}");
  EXPECT_THAT(config.stand_ins.at("order").approve.where, HasSubstr("created.json:1:1"));
}

TEST(Config, DescriptionIsAConfigurationThatMeansTheSame) {
  Sample sample;
  sample.stand_in = with(sample.stand_in, "approve = { status = 201 }",
                         "approve = { status = 201, headers = { Content-Type = \"application/json\" }, "
                         "body = '{\"a\\\\b\":\"\u00e9\"}' }");
  sample.route += "[[route]]\nname = \"rest\"\nmatch = \"*\"\nupstream = \"shop\"\n";
  const std::string once = describe(parsed(sample.text()));
  EXPECT_EQ(describe(parsed(once)), once);
}

}  // namespace
}  // namespace standin
