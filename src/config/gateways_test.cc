#include "config/config_test_support.h"

namespace standin {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

std::vector<std::string> warnings_of(const std::string& text) { return parsed(text, "standin.toml").warnings; }

/// Problems of the sample with one more line in its upstream.
std::string problems_in_upstream(const std::string& line) {
  GatewaySample sample;
  sample.upstream += line + "\n";
  return problems_of(sample.text());
}

/// Problems of the sample with `from` of its route replaced.
std::string problems_of_route(std::string_view from, std::string_view to) {
  GatewaySample sample;
  sample.route = with(sample.route, from, to);
  return problems_of(sample.text());
}

/// Of the sample whose upstream has this credentials file.
std::string with_credentials(std::string_view credentials, unsigned mode = 0600) {
  const std::string path = testing::TempDir() + "/cardgate.keys";
  write_secret(path, credentials, mode);
  GatewaySample sample;
  sample.upstream += "credentials_file = \"" + path + "\"\n";
  return sample.text();
}

TEST(Gateways, AStandInWrittenInPlaceHasTheRoutesNameAndDialectAndThePartysCurrency) {
  GatewaySample sample;
  sample.upstream += "country = \"US\"\n";
  const Config config = parsed(sample.text());
  const RouteConfig& route = config.routes[0];
  EXPECT_EQ(route.stand_in, "till");
  EXPECT_TRUE(route.journalled);
  EXPECT_THAT(route.key_facts, ElementsAre("reference", "amount", "command", "card"));
  const StandInConfig& till = config.stand_ins.at("till");
  EXPECT_EQ(till.dialect, "usaepay");
  EXPECT_EQ(till.policy, "till");
  EXPECT_EQ(till.currency, "USD");
  EXPECT_EQ(till.country, "US");
}

TEST(Gateways, AStandInWrittenInPlaceMaySayWhatBecomesOfItsOrders) {
  GatewaySample sample;
  sample.route = with(sample.route, "{ policy = \"till\" }",
                      "{ policy = \"till\", undelivered = \"reverse\", strip = [\"UMcustom1\"], "
                      "replay = { start = \"when-healthy\", rate = 2 } }");
  const StandInConfig till = parsed(sample.text()).stand_ins.at("till");
  EXPECT_EQ(till.undelivered, Undelivered::reverse);
  EXPECT_THAT(till.strip, ElementsAre("UMcustom1"));
  EXPECT_TRUE(till.replay_by_itself);
  EXPECT_EQ(till.replay_rate, 2);
}

TEST(Gateways, KeysOfTwoMerchantsNeverMixUnlessTheRouteSaysSo) {
  GatewaySample sample;
  EXPECT_EQ(parsed(sample.text()).routes[0].tenant, "merchant");
  sample.route += "tenant = \"\"\n";
  EXPECT_EQ(parsed(sample.text()).routes[0].tenant, "");
  EXPECT_THAT(warnings_of(sample.text()), testing::Contains(HasSubstr("two merchants that send the same key share")));
}

TEST(Gateways, ReadsEverySettingOfAParty) {
  GatewaySample sample;
  sample.upstream = with(sample.upstream, "finder = {}\n",
                         "finder = { before = \"5s\", after = \"0s\", timezone = \"UTC\", "
                         "searches = [\"45/min\", \"5000/day\", \"10/s\", \"600/hour\"] }\n");
  sample.upstream +=
      "currency = \"usd\"\naddresses = { \"WWW-01.gateway.example\" = [\"192.0.2.9\", \"2001:db8::9\"] }\n"
      "balance = \"scoreboard\"\nforget_errors_after = \"5m\"\n"
      "breaker = { key = [\"card_network\", \"target\", \"merchant_country\"] }\n";
  sample.upstream = with(sample.upstream, "currency = \"USD\"\n", "");
  const UpstreamConfig party = parsed(sample.text()).upstreams.at("cardgate");
  EXPECT_EQ(party.currency, "USD");
  EXPECT_THAT(party.addresses, ElementsAre(Pair("www-01.gateway.example", ElementsAre("192.0.2.9", "2001:db8::9"))));
  EXPECT_EQ(party.balance, Balance::scoreboard);
  EXPECT_EQ(party.forget_errors_after, 5min);
  EXPECT_THAT(party.breaker.key, ElementsAre("card_network", "merchant_country"));
  EXPECT_EQ(party.reversal->request, "");
  EXPECT_EQ(party.finder->before, 5s);
  EXPECT_EQ(party.finder->after, 0s);
  ASSERT_EQ(party.finder->searches.size(), 4u);
  EXPECT_EQ(party.finder->searches[1].count, 5000u);
  EXPECT_EQ(party.finder->searches[1].per, 24h);
  EXPECT_EQ(party.finder->searches[3].per, 1h);
}

TEST(Gateways, ATargetMayBeWrittenWithThePathThatRequestsBring) {
  EXPECT_THAT(parsed(GatewaySample().text()).upstreams.at("cardgate").targets,
              ElementsAre("https://www-01.gateway.example", "https://www-02.gateway.example"));
}

TEST(Gateways, ARouteWithoutStandInPassesThrough) {
  GatewaySample sample;
  sample.route = "[[route]]\nname = \"till\"\nmatch = \"POST /gate\"\ndialect = \"usaepay\"\nupstream = \"cardgate\"\n";
  const Config config = parsed(sample.text());
  EXPECT_FALSE(config.routes[0].is_protected());
  EXPECT_THAT(config.stand_ins, IsEmpty());
}

TEST(Gateways, CredentialsAreKeysWithOrWithoutAPin) {
  const Config config = parsed(with_credentials("# of the shop\nabc 1234\r\n\n  def\t# no PIN\nghi - GB\n"));
  std::vector<std::string> read;
  for (const AccountConfig& account : config.upstreams.at("cardgate").credentials) {
    read.push_back(account.key + "/" + account.pin + "/" + account.country);
  }
  EXPECT_THAT(read, ElementsAre("abc/1234/", "def//", "ghi//GB"));
}

TEST(Gateways, CredentialsAreNeverShown) {
  const std::string shown = describe(parsed(with_credentials("s3cret 4321\n")));
  EXPECT_THAT(shown, AllOf(Not(HasSubstr("s3cret")), Not(HasSubstr("4321"))));
  const std::string problems = problems_of(with_credentials("s3cret 4321 more\nalso\xff\nk3y\nk3y 77\n"));
  EXPECT_THAT(problems, AllOf(HasSubstr("line 1 of it has a third word"), HasSubstr("line 2 of it holds what is not"),
                              HasSubstr("line 4 of it names a key that an earlier line names")));
  for (const char* secret : {"s3cret", "4321", "k3y", "also"}) EXPECT_THAT(problems, Not(HasSubstr(secret)));
}

TEST(Gateways, AnEmptyOrMissingCredentialsFileIsAnError) {
  EXPECT_THAT(problems_of(with_credentials("# none yet\n")), HasSubstr("it holds no credential"));
  EXPECT_THAT(problems_in_upstream("credentials_file = \"/nowhere.keys\""),
              StartsWith("standin.toml:11:20: 'credentials_file': '/nowhere.keys' there is no such file"));
}

TEST(Gateways, CredentialsThatOthersCanReadAreTold) {
  EXPECT_THAT(warnings_of(with_credentials("abc 1\n", 0640)), testing::Contains(HasSubstr("can be read by others")));
  EXPECT_THAT(warnings_of(with_credentials("abc 1\n")), Not(testing::Contains(HasSubstr("can be read by others"))));
}

TEST(Gateways, ANewKeyMisspeltIsPlacedAndTheNearestSuggested) {
  EXPECT_THAT(problems_in_upstream("dialct = \"x\""),
              StartsWith("standin.toml:11:1: unknown key 'upstream.cardgate.dialct'; did you mean 'dialect'?"));
  EXPECT_THAT(problems_in_upstream("forget_errors_aftr = \"1m\""), HasSubstr("did you mean 'forget_errors_after'?"));
  EXPECT_THAT(problems_in_upstream("adresses = {}"), HasSubstr("did you mean 'addresses'?"));
  EXPECT_THAT(problems_in_upstream("credential_file = \"x\""), HasSubstr("did you mean 'credentials_file'?"));
  EXPECT_THAT(problems_in_upstream("tls = { ca_fil = \"x\" }"), HasSubstr("did you mean 'ca_file'?"));
  EXPECT_THAT(problems_of_route("idempotency", "idempotencey"), HasSubstr("did you mean 'idempotency'?"));
  EXPECT_THAT(problems_of_route("stand_in = { policy = \"till\" }", "stand_in = { policy = \"till\", undeliverd = 1 }"),
              HasSubstr("did you mean 'undelivered'?"));
  EXPECT_THAT(problems_of("[dns]\nserver = []\n" + GatewaySample().text()),
              StartsWith("standin.toml:2:1: unknown key 'dns.server'; did you mean 'servers'?"));
}

TEST(Gateways, AMisspeltChoiceIsSuggested) {
  EXPECT_THAT(problems_of_route("\"usaepay\"", "\"usapay\""), HasSubstr("did you mean 'usaepay'?"));
  EXPECT_THAT(problems_of_route("\"journalled\"", "\"journaled\""), HasSubstr("did you mean 'journalled'?"));
  EXPECT_THAT(problems_in_upstream("breaker = { key = [\"target\", \"merchant_contry\"] }"),
              StartsWith("standin.toml:11:30: 'upstream.cardgate.breaker.key': 'merchant_contry' is not one of target, "
                         "merchant_country, card_network; did you mean 'merchant_country'?"));
  GatewaySample sample;
  sample.upstream = with(sample.upstream, "\"void\"", "\"viod\"");
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("'viod' is not one of void; did you mean 'void'?"));
}

TEST(Gateways, FactsAreNotNamedTwiceInABreakersKey) {
  EXPECT_THAT(problems_in_upstream("breaker = { key = [\"card_network\", \"card_network\"] }"),
              HasSubstr("'breaker.key' names the same fact twice"));
}

TEST(Gateways, APinnedHostIsOneOfTheTargets) {
  EXPECT_THAT(
      problems_in_upstream("addresses = { \"www-1.gateway.example\" = [\"192.0.2.9\"] }"),
      StartsWith("standin.toml:11:15: 'addresses': no target has the host 'www-1.gateway.example'; did you mean "
                 "'www-01.gateway.example'?"));
  EXPECT_THAT(problems_in_upstream("addresses = { \"www-01.gateway.example\" = [\"192.0.2\"] }"),
              StartsWith("standin.toml:11:43: 'addresses': '192.0.2' is not an IP address"));
  EXPECT_THAT(problems_in_upstream("addresses = { \"www-01.gateway.example\" = [] }"),
              HasSubstr("at least one address"));
}

TEST(Gateways, NameServersAndTheirTimesAreChecked) {
  const auto problems_of_dns = [](const std::string& lines) {
    return problems_of("[dns]\n" + lines + "\n" + GatewaySample().text());
  };
  EXPECT_THAT(problems_of_dns("servers = [\"192.0.2.53\", \"dns.example\"]"),
              StartsWith("standin.toml:2:26: 'dns.servers': 'dns.example' is not a name server's address"));
  EXPECT_EQ(problems_of_dns("servers = [\"192.0.2.53:5353\", \"::1\", \"[::1]:53\"]"), "");
  EXPECT_THAT(problems_of_dns("ttl_min = \"10m\""),
              StartsWith("standin.toml:2:1: 'dns.ttl_min' of 10m is longer than the 5m of dns.ttl_max"));
}

TEST(Gateways, CurrenciesCountriesAndTimeZonesAreChecked) {
  EXPECT_THAT(problems_in_upstream("country = \"usa\""),
              StartsWith("standin.toml:11:11: 'country': 'usa' is not an ISO 3166"));
  GatewaySample sample;
  sample.upstream = with(sample.upstream, "\"USD\"", "\"USX\"");
  EXPECT_THAT(problems_of(sample.text()), StartsWith("standin.toml:6:12: 'currency': 'USX' is not an ISO 4217"));
  sample.upstream = with(sample.upstream, "\"USX\"", "\"USD\"");
  sample.upstream = with(sample.upstream, "finder = {}", "finder = { timezone = \"../etc\" }");
  EXPECT_THAT(problems_of(sample.text()), StartsWith("standin.toml:10:23: 'finder.timezone': '../etc' is not a time"));
}

TEST(Gateways, RatesAreSoManyATime) {
  const auto problems_of_rate = [](const std::string& rate) {
    GatewaySample sample;
    sample.upstream = with(sample.upstream, "finder = {}", "finder = { searches = [\"" + rate + "\"] }");
    return problems_of(sample.text());
  };
  EXPECT_THAT(problems_of_rate("45/minute"),
              StartsWith("standin.toml:10:24: 'upstream.cardgate.finder.searches': '45/minute' is not so many a time, "
                         "such as \"45/min\" or \"5000/day\"; did you mean '45/min'?"));
  EXPECT_THAT(problems_of_rate("0/min"), HasSubstr("'0/min' is not so many a time"));
  EXPECT_THAT(problems_of_rate("45"), HasSubstr("'45' is not so many a time"));
  EXPECT_THAT(problems_of_rate("5/week"), HasSubstr("the time is one of s, min, hour, day"));
}

TEST(Gateways, AnAuthoritysFileIsReadable) {
  EXPECT_THAT(problems_in_upstream("tls = { ca_file = \"/nowhere.pem\" }"),
              StartsWith("standin.toml:11:9: 'tls.ca_file': '/nowhere.pem' there is no such file"));
  const std::string path = testing::TempDir() + "/not.pem";
  write_secret(path, "nothing");
  EXPECT_THAT(problems_in_upstream("tls = { ca_file = \"" + path + "\" }"), HasSubstr("holds nothing in PEM form"));
}

TEST(Gateways, HaveASearchAndACommandOfTheirOwn) {
  GatewaySample sample;
  sample.upstream = with(sample.upstream, "finder = {}", "finder = { request = \"GET /x\", list = \"/data\" }");
  sample.upstream = with(sample.upstream, "\"void\"", "{ request = \"POST /x\" }");
  const std::string problems = problems_of(sample.text());
  EXPECT_THAT(problems, HasSubstr("'finder.request' is for applications: the dialect usaepay has a search of its own"));
  EXPECT_THAT(problems, HasSubstr("'finder.list' is for applications"));
  EXPECT_THAT(problems, HasSubstr("write reversal = \"void\""));
}

TEST(Gateways, AmountsThatNameNoCurrencyHaveThePartys) {
  GatewaySample sample;
  sample.upstream = with(sample.upstream, "currency = \"USD\"\n", "");
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("upstream 'cardgate' needs a currency"));
  sample.route = with(sample.route, "stand_in = { policy = \"till\" }\nidempotency = \"journalled\"\n", "");
  sample.route = sample.route.substr(0, sample.route.find("key ="));
  EXPECT_EQ(problems_of(sample.text()), "");
}

TEST(Gateways, APolicyCapsThePartysCurrency) {
  GatewaySample sample;
  sample.upstream = with(sample.upstream, "\"USD\"", "\"EUR\"");
  EXPECT_THAT(problems_of(sample.text()),
              StartsWith("standin.toml:16:1: stand_in 'till': policy 'till' has no exposure.total in EUR"));
}

TEST(Gateways, TemplatesAndFactsAreTheDialects) {
  EXPECT_THAT(problems_of_route("{ policy = \"till\" }", "{ policy = \"till\", facts = { amount = \"a\" } }"),
              HasSubstr("unknown key 'route.stand_in.facts'"));
  EXPECT_THAT(problems_of_route("{ policy = \"till\" }", "{}"), HasSubstr("'route.stand_in.policy' is missing"));
  EXPECT_THAT(problems_of_route("{ policy = \"till\" }", "{ policy = \"tll\" }"),
              HasSubstr("there is no [policy.tll]; did you mean 'till'?"));
  EXPECT_THAT(problems_of_route("{ policy = \"till\" }", "\"till\""),
              HasSubstr("the dialect usaepay has answers of its own: write stand_in = { policy"));
}

TEST(Gateways, AStandInWrittenInPlaceSharesItsNameWithNoOther) {
  Sample shop;
  shop.stand_in = with(shop.stand_in, "stand_in.order", "stand_in.till");
  shop.route = with(shop.route, "stand_in = \"order\"", "stand_in = \"till\"");
  GatewaySample sample;
  EXPECT_THAT(problems_of(sample.text() + shop.upstream + shop.route + shop.stand_in + shop.policy),
              StartsWith("standin.toml:16:1: route 'till': a stand_in written in place has the route's name, and there "
                         "is a [stand_in.till] already"));
}

TEST(Gateways, WhatTheChargeNeedsIsNotStripped) {
  EXPECT_THAT(problems_of_route("{ policy = \"till\" }", "{ policy = \"till\", strip = [\"umcard\", \"/x\"] }"),
              AllOf(HasSubstr("'umcard' is needed to deliver the charge later"),
                    HasSubstr("'/x' is not the name of a form field")));
}

TEST(Gateways, KeysAreMadeOfFactsAndFieldsOfTheDialect) {
  EXPECT_THAT(problems_of_route("\"reference\"", "\"refrence\""),
              StartsWith("standin.toml:18:1: route 'till': 'key' names 'refrence', which is neither a fact nor a form "
                         "field of the dialect usaepay; did you mean 'reference'?"));
  EXPECT_EQ(problems_of_route("\"reference\"", "\"UMinvoice\""), "");
  EXPECT_THAT(problems_of_route("\"reference\"", "\"invoice\""), HasSubstr("fields that begin with UM"));
  EXPECT_THAT(problems_of_route("\"reference\"", "\"/UMinvoice\""), HasSubstr("a JSON Pointer: fields of a form"));
  EXPECT_THAT(problems_of_route("key =", "tenant = \"mechant\"\nkey ="), HasSubstr("did you mean 'merchant'?"));
}

TEST(Gateways, StripesKeysMayBeAnyField) {
  GatewaySample sample;
  const std::string path = testing::TempDir() + "/backupgate.keys";
  write_secret(path, "sk_test_1\n");
  sample.backup_route = with(sample.backup_route, "\"Idempotency-Key\"", "[\"metadata[order_id]\"]");
  EXPECT_EQ(problems_of(sample.text_of_both(path)), "");
  sample.backup_route = with(sample.backup_route, "metadata[order_id]", "amuont");
  EXPECT_THAT(problems_of(sample.text_of_both(path)), HasSubstr("did you mean 'amount'?"));
}

TEST(Gateways, SeveralPartiesAreTriedInTheirOrder) {
  GatewaySample sample;
  const std::string path = testing::TempDir() + "/backupgate.keys";
  write_secret(path, "sk_test_1\n");
  sample.route = with(sample.route, "upstream = \"cardgate\"", "upstream = [\"cardgate\", \"backupgate\"]");
  const Config config = parsed(sample.text_of_both(path));
  EXPECT_EQ(config.routes[0].upstream, "cardgate");
  EXPECT_THAT(config.routes[0].more_upstreams, ElementsAre("backupgate"));
  EXPECT_THAT(problems_of(sample.process + sample.upstream + sample.backup + sample.route + sample.policy),
              HasSubstr("upstream 'backupgate' needs a credentials_file"));
}

TEST(Gateways, ChargesAreCarriedOverBetweenGatewaysAlone) {
  Sample shop;
  GatewaySample sample;
  sample.route = with(sample.route, "\"cardgate\"", "[\"cardgate\", \"shop\"]");
  EXPECT_THAT(problems_of(sample.text() + shop.upstream),
              HasSubstr("upstream 'shop' speaks json: charges are carried over between gateways alone"));
  EXPECT_THAT(problems_of_route("\"cardgate\"", "[\"cardgate\", \"cardgate\"]"), HasSubstr("names 'cardgate' twice"));
  EXPECT_THAT(problems_of_route("\"cardgate\"", "[\"cardgate\", \"cardgat\"]"),
              HasSubstr("there is no [upstream.cardgat]; did you mean 'cardgate'?"));
  EXPECT_THAT(problems_of_route("\"cardgate\"", "[]"), HasSubstr("'route.upstream': names at least one"));
}

TEST(Gateways, APlainRouteHasOnePartyAndWritesNothingDown) {
  GatewaySample sample;
  sample.route =
      "[[route]]\nname = \"till\"\nmatch = \"POST /gate\"\nupstream = [\"cardgate\", \"cardgate\"]\n"
      "idempotency = \"journalled\"\nfold_duplicates = \"10m\"\n";
  const std::string problems = problems_of(sample.text());
  EXPECT_THAT(problems, HasSubstr("several parties mean something only with stand_in"));
  EXPECT_THAT(problems, HasSubstr("'idempotency' means something only with stand_in"));
  EXPECT_THAT(problems, HasSubstr("'fold_duplicates' means something only with stand_in"));
}

TEST(Gateways, ARouteSpeaksTheDialectOfItsFirstParty) {
  EXPECT_THAT(problems_of_route("dialect = \"usaepay\"", "dialect = \"stripe\""),
              StartsWith("standin.toml:14:1: route 'till': its clients speak stripe, but upstream 'cardgate' speaks "
                         "usaepay"));
}

TEST(Gateways, AKeyMadeOfFactsHasAWindowOfADayUnlessItSaysAnother) {
  GatewaySample sample;
  EXPECT_EQ(parsed(sample.text()).routes[0].key_window, 24h);
  EXPECT_THAT(describe(parsed(sample.text())), HasSubstr("key_window = \"1d\""));
  sample.route += "key_window = \"forever\"\n";
  EXPECT_EQ(parsed(sample.text()).routes[0].key_window, Duration::max());
  EXPECT_THAT(describe(parsed(sample.text())), HasSubstr("key_window = \"forever\""));
}

TEST(Gateways, AWindowShorterThanThePartysOwnFoldingIsWarnedOf) {
  GatewaySample sample;
  sample.route += "key_window = \"1m\"\n";
  EXPECT_THAT(parsed(sample.text()).warnings, testing::Contains(HasSubstr("upstream 'cardgate' folds duplicates for")));
}

TEST(Gateways, FoldingDuplicatesTakesThePlaceOfAKey) {
  GatewaySample sample;
  sample.route = sample.route.substr(0, sample.route.find("key =")) + "fold_duplicates = \"10m\"\n";
  const Config config = parsed(sample.text());
  EXPECT_EQ(config.routes[0].fold_duplicates, 10min);
  EXPECT_THAT(config.warnings, Not(testing::Contains(HasSubstr("it has no key"))));
}

TEST(Gateways, AReadMayBeMatched) {
  GatewaySample sample;
  const std::string path = testing::TempDir() + "/backupgate.keys";
  write_secret(path, "sk_test_1\n");
  EXPECT_THAT(warnings_of(sample.text_of_both(path)), Not(testing::Contains(HasSubstr("it has no method"))));
}

TEST(Gateways, AnAttemptLeftOpenByACrashNeedsAFinder) {
  GatewaySample sample;
  sample.upstream = with(sample.upstream, "finder = {}\n", "");
  EXPECT_THAT(warnings_of(sample.text()),
              testing::Contains(HasSubstr("an attempt left open by a crash waits for a person")));
  sample.route = with(sample.route, "idempotency = \"journalled\"\n", "");
  EXPECT_THAT(warnings_of(sample.text()), Not(testing::Contains(HasSubstr("left open by a crash"))));
}

TEST(Gateways, SeveralPartiesNeedTheRecordOfWhichWasAsked) {
  GatewaySample sample;
  sample.route = with(sample.route, "upstream = \"cardgate\"", "upstream = [\"cardgate\", \"backupgate\"]");
  sample.route = with(sample.route, "idempotency = \"journalled\"\n", "");
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("several parties need idempotency"));
}

TEST(Gateways, WithoutCredentialsKeysThatHaveAPinCannotBeSearched) {
  EXPECT_THAT(warnings_of(GatewaySample().text()), ElementsAre(HasSubstr("without a credentials_file")));
  EXPECT_THAT(warnings_of(with_credentials("abc 1\n")), IsEmpty());
}

TEST(Gateways, AFinderThatLooksTooEarlyIsTold) {
  GatewaySample sample;
  sample.upstream = with(sample.upstream, "finder = {}", "finder = { max_processing = \"10s\", index_lag = \"5s\" }");
  EXPECT_THAT(warnings_of(sample.text()),
              testing::Contains(HasSubstr("takes finding nothing for an answer after 15s, but a late answer is "
                                          "listened for 2m")));
}

TEST(Gateways, AShortDeadlineLeavesNoTimeForTheGatewaysOwnReversal) {
  GatewaySample sample;
  sample.route += "deadline = \"2s\"\n";
  EXPECT_THAT(warnings_of(sample.text()), testing::Contains(HasSubstr("(UMtimeout)")));
  sample.route = with(sample.route, "\"2s\"", "\"4s\"");
  EXPECT_THAT(warnings_of(sample.text()), Not(testing::Contains(HasSubstr("(UMtimeout)"))));
}

TEST(Gateways, ABreakerThatGoesByWhatIsNotReadIsTold) {
  GatewaySample sample;
  sample.upstream += "breaker.key = [\"merchant_country\", \"card_network\"]\n";
  EXPECT_THAT(warnings_of(sample.text()),
              testing::Contains(HasSubstr("go by merchant_country, which is not read from its requests")));
  sample.upstream += "country = \"US\"\n";
  EXPECT_THAT(warnings_of(sample.text()), Not(testing::Contains(HasSubstr("which is not read"))));
  Sample shop;
  shop.upstream += "breaker.key = [\"card_network\"]\n";
  EXPECT_THAT(warnings_of(shop.text()), ElementsAre(HasSubstr("go by card_network, which is not read")));
}

TEST(Gateways, CardNumbersInClearAreTold) {
  GatewaySample sample;
  sample.upstream = with(sample.upstream, "https://www-01", "http://www-01");
  EXPECT_THAT(warnings_of(sample.text()), testing::Contains(HasSubstr("card numbers would travel in clear")));
  sample.upstream = with(sample.upstream, "http://www-01.gateway.example", "http://127.0.0.1:4001");
  EXPECT_THAT(warnings_of(sample.text()), Not(testing::Contains(HasSubstr("in clear"))));
}

TEST(Gateways, SettingsOfWhatIsNotUsedAreTold) {
  GatewaySample sample;
  sample.upstream += "forget_errors_after = \"5m\"\n";
  EXPECT_THAT(warnings_of(sample.text()), testing::Contains(HasSubstr("is for balance = \"scoreboard\"")));
}

TEST(Gateways, DescriptionIsAConfigurationThatMeansTheSame) {
  GatewaySample sample;
  sample.upstream = with(sample.upstream, "finder = {}", "finder = { searches = [\"45/min\", \"10/s\"] }");
  sample.upstream +=
      "addresses = { \"www-01.gateway.example\" = [\"192.0.2.9\"] }\nbalance = \"scoreboard\"\n"
      "breaker.key = [\"card_network\"]\n";
  sample.route = with(sample.route, "{ policy = \"till\" }", "{ policy = \"till\", strip = [\"UMcustom1\"] }");
  const std::string once = describe(parsed("[dns]\nservers = [\"192.0.2.53\"]\n" + sample.text()));
  EXPECT_EQ(describe(parsed(once)), once);
  EXPECT_THAT(once, HasSubstr("reversal = \"void\""));
  EXPECT_THAT(once, HasSubstr("stand_in.policy = \"till\""));
  EXPECT_THAT(once, Not(HasSubstr("[stand_in.till]")));
}

}  // namespace
}  // namespace standin
