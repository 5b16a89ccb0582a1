#include "config/config_test_support.h"

namespace standin {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// Problems of the sample with one more line at its head.
std::string problems_with(std::string_view section) {
  return problems_of(std::string(section) + "\n" + Sample().text());
}

TEST(ConfigErrors, AnUnknownKeyIsPlacedAndTheNearestSuggested) {
  EXPECT_EQ(problems_with("[server]\n  thread = 2"),
            "standin.toml:2:3: unknown key 'server.thread'; did you mean 'threads'? Allowed here: listen, threads, "
            "limits, trusted_proxies, drain");
}

TEST(ConfigErrors, AnUnknownSectionIsAnError) {
  EXPECT_THAT(problems_with("[sever]"),
              AllOf(StartsWith("standin.toml:1:2: unknown key 'sever'"), HasSubstr("did you mean 'server'?")));
}

TEST(ConfigErrors, EveryProblemIsReportedInTheOrderOfTheFile) {
  const std::string problems =
      problems_with("[server]\nthreads = \"two\"\ndrain = 5\n[log]\nacces = \"-\"\n[console]\nlisten = \"here\"");
  EXPECT_EQ(problems,
            "standin.toml:2:11: 'server.threads': expected whole number 0..1024, found a text\n"
            "standin.toml:3:9: 'server.drain': 5 has no unit: write \"5s\" or the like\n"
            "standin.toml:5:1: unknown key 'log.acces'; did you mean 'access'? Allowed here: access\n"
            "standin.toml:7:1: 'console.listen': 'here' is not an IP address and port, such as \"127.0.0.1:8080\" or "
            "\"[::1]:8080\"");
}

TEST(ConfigErrors, NumbersOutOfRangeSayTheRange) {
  EXPECT_THAT(problems_with("[server]\nthreads = 5000"), HasSubstr("5000 is not a whole number 0..1024"));
  EXPECT_THAT(problems_with("[server]\nthreads = -1"), HasSubstr("-1 is not a whole number 0..1024"));
}

TEST(ConfigErrors, UnitsAreChecked) {
  EXPECT_THAT(problems_with("[server]\ndrain = \"15\""), HasSubstr("'15' has no unit"));
  EXPECT_THAT(problems_with("[server]\ndrain = \"15 seconds\""), HasSubstr("unknown unit ' seconds'"));
  EXPECT_THAT(problems_with("[server]\nlimits = { body = \"1MB\" }"), HasSubstr("did you mean '1MiB'?"));
  EXPECT_THAT(problems_with("[server]\nlimits = { body = 1048576 }"), HasSubstr("1048576 has no unit"));
  EXPECT_THAT(problems_with("[server]\nlimits = { body = \"0B\" }"), HasSubstr("is more than nothing"));
}

TEST(ConfigErrors, KeysOfLaterVersionsAreNotAcceptedSilently) {
  EXPECT_THAT(problems_with("[incidents]\nopen_after = \"60s\""),
              StartsWith("standin.toml:1:2: 'incidents' is not in this version"));
  Sample sample;
  sample.policy += "velocity = [ { per = \"customer\" } ]\nrefuse_after = \"24h\"\n";
  sample.route += "authenticate = { jwt = {} }\n";
  const std::string problems = problems_of(sample.text());
  for (const char* key : {"policy.default.velocity", "policy.default.refuse_after", "route.authenticate"}) {
    EXPECT_THAT(problems, HasSubstr("'" + std::string(key) + "' is not in this version"));
  }
}

TEST(ConfigErrors, ChoicesOfLaterVersionsSayWhatThisOneHas) {
  Sample sample;
  sample.stand_in += "dialect = \"soap\"\n";
  const std::string problems = problems_of(sample.text());
  EXPECT_THAT(problems, HasSubstr("'stand_in.order.dialect': 'soap' is not in this version: it is one of json"));
}

TEST(ConfigErrors, AMisspeltChoiceIsSuggested) {
  Sample sample;
  sample.route += "mode = \"atuo\"\n";
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("did you mean 'auto'?"));
}

TEST(ConfigErrors, DanglingNamesAreErrors) {
  Sample sample;
  sample.route = with(sample.route, "upstream = \"shop\"", "upstream = \"shpo\"");
  sample.route = with(sample.route, "stand_in = \"order\"", "stand_in = \"oder\"");
  sample.stand_in = with(sample.stand_in, "policy = \"default\"", "policy = \"defualt\"");
  const std::string problems = problems_of(sample.text());
  EXPECT_THAT(problems, HasSubstr("there is no [upstream.shpo]; did you mean 'shop'?"));
  EXPECT_THAT(problems, HasSubstr("there is no [stand_in.oder]; did you mean 'order'?"));
  EXPECT_THAT(problems, HasSubstr("there is no [policy.defualt]; did you mean 'default'?"));
}

TEST(ConfigErrors, FactsNamedByARouteHaveToBeRead) {
  Sample sample;
  sample.route = with(sample.route, "\"Idempotency-Key\"", "[\"reference\"]");
  sample.route = with(sample.route, "tenant = \"merchant\"", "tenant = \"mechant\"");
  const std::string problems = problems_of(sample.text());
  EXPECT_THAT(problems, HasSubstr("'key' names the fact 'reference', which stand_in 'order' does not read"));
  EXPECT_THAT(problems, HasSubstr("did you mean 'merchant'?"));
}

TEST(ConfigErrors, MissingKeysSayWhatTheyAreFor) {
  Sample sample;
  sample.stand_in = with(sample.stand_in, "amount_unit = \"minor\"\n", "");
  sample.stand_in = with(sample.stand_in, "decline = { status = 422 }\n", "");
  const std::string problems = problems_of(sample.text());
  EXPECT_THAT(problems, HasSubstr("'stand_in.order.amount_unit' is missing"));
  EXPECT_THAT(problems, HasSubstr("'stand_in.order.decline' is missing"));
}

TEST(ConfigErrors, APolicyCapsEveryCurrencyThatItAccepts) {
  Sample sample;
  sample.policy = with(sample.policy, "USD = \"25.00\"", "USD = \"25.00\", EUR = \"20.00\"");
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("a floor limit in EUR and no exposure.total in EUR"));
}

TEST(ConfigErrors, APolicyCapsTheStandInsOwnCurrency) {
  Sample sample;
  sample.stand_in = with(sample.stand_in, "currency = \"/currency\", ", "") + "currency = \"GBP\"\n";
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("policy 'default' has no exposure.total in GBP"));
}

TEST(ConfigErrors, AmountsNeedACurrency) {
  Sample sample;
  sample.stand_in = with(sample.stand_in, "currency = \"/currency\", ", "");
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("the amounts have no currency"));
}

TEST(ConfigErrors, AmountsOfMoneyAreExactText) {
  Sample sample;
  sample.policy = with(sample.policy, "\"25.00\"", "25.00");
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("amounts are written as text"));
  sample.policy = with(sample.policy, "25.00", "\"25.005\"");
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("USD has 2 decimals"));
  sample.policy = with(sample.policy, "USD =", "USX =");
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("'USX' is not an ISO 4217 currency"));
}

TEST(ConfigErrors, DuplicatesMustBeSaidWhereARouteIsProtected) {
  Sample sample;
  sample.upstream = with(sample.upstream, "duplicates = { kind = \"keyed\", window = \"forever\" }\n", "");
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("does not say what it does with duplicates"));
}

TEST(ConfigErrors, KeyedAndFoldedDuplicatesSayForHowLong) {
  Sample sample;
  sample.upstream = with(sample.upstream, ", window = \"forever\"", "");
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("'duplicates' needs a window"));
}

TEST(ConfigErrors, UndeliveredCannotBeReversedWithoutAReversal) {
  Sample sample;
  sample.upstream =
      with(sample.upstream, "reversal = { request = \"POST /orders/{{upstream_reference}}/cancel\" }\n", "");
  sample.stand_in += "undelivered = \"reverse\"\n";
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("upstream 'shop' has no reversal"));
}

TEST(ConfigErrors, AReversalByACommandIsForGateways) {
  Sample sample;
  sample.upstream = with(sample.upstream, "{ request = \"POST /orders/{{upstream_reference}}/cancel\" }", "\"void\"");
  EXPECT_THAT(problems_of(sample.text()),
              StartsWith("standin.toml:8:1: upstream 'shop': \"void\" is a gateway's own command: write { request"));
}

TEST(ConfigErrors, AFinderOfAnApplicationSaysItsRequest) {
  Sample sample;
  sample.upstream = with(sample.upstream, "{ request = \"GET /orders?key={{order_key}}\" }", "{}");
  EXPECT_THAT(problems_of(sample.text()), StartsWith("standin.toml:7:1: upstream 'shop': 'finder.request' is missing"));
}

TEST(ConfigErrors, WhatOnlyGatewaysHaveIsNoApplications) {
  Sample sample;
  sample.upstream += "currency = \"USD\"\ncountry = \"US\"\nfinder.searches = [\"45/min\"]\n";
  sample.upstream = with(sample.upstream, "finder = { request = \"GET /orders?key={{order_key}}\" }\n",
                         "finder.request = \"GET /orders\"\n");
  const std::string problems = problems_of(sample.text());
  for (const char* key : {"currency", "country", "finder.searches"}) {
    EXPECT_THAT(problems, HasSubstr("'" + std::string(key) + "' means something only with a gateway's dialect"));
  }
}

TEST(ConfigErrors, AKeysWindowIsForKeysMadeOfFacts) {
  Sample sample;
  sample.route += "key_window = \"12h\"\n";
  EXPECT_THAT(problems_of(sample.text()),
              StartsWith("standin.toml:16:1: route 'orders': 'key_window' is for a key made of facts"));
  EXPECT_EQ(problems_of(with(sample.text(), "\"Idempotency-Key\"", "[\"merchant\"]")), "");
}

TEST(ConfigErrors, FoldingDuplicatesIsForRequestsWithoutAKeyAndGoesByFacts) {
  Sample sample;
  sample.route += "fold_duplicates = \"10m\"\n";
  EXPECT_THAT(problems_of(sample.text()),
              StartsWith("standin.toml:16:1: route 'orders': 'fold_duplicates' is for requests without a key"));
  sample.route = with(sample.route, "key = \"Idempotency-Key\"\n", "");
  const std::string problems = problems_of(sample.text());
  EXPECT_THAT(problems, HasSubstr("goes by the fact 'card', which stand_in 'order' does not read"));
  EXPECT_THAT(problems, HasSubstr("goes by the fact 'reference', which stand_in 'order' does not read"));
  EXPECT_THAT(problems, HasSubstr("'fold_duplicates' needs idempotency = \"journalled\""));
}

TEST(ConfigErrors, AStandInOfAGatewayIsWrittenInItsRoute) {
  Sample sample;
  sample.stand_in += "dialect = \"usaepay\"\n";
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("a gateway's is said by its route: dialect = \"usaepay\""));
  sample = Sample();
  sample.route = with(sample.route, "stand_in = \"order\"", "stand_in = { policy = \"default\" }");
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("a stand_in written in place is for a gateway's dialect"));
}

TEST(ConfigErrors, LateAnswersAreListenedForAtLeastAsLongAsAnswers) {
  Sample sample;
  sample.upstream += "timeouts = { response = \"3m\" }\n";
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("timeouts.response of 3m is longer than the 2m of listen_late"));
}

TEST(ConfigErrors, ADeadlineOfNothingIsAnError) {
  Sample sample;
  sample.route += "deadline = \"0s\"\n";
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("the deadline leaves no time beside the journal's commit"));
}

TEST(ConfigErrors, TwoEquallySpecificRoutesNameBothLines) {
  Sample sample;
  sample.upstream = "[upstream.shop]\ntargets = [\"http://127.0.0.1:3000\"]\n";
  sample.stand_in = sample.policy = "";
  sample.route =
      "[[route]]\nname = \"a\"\nmatch = \"GET /x/*\"\nupstream = \"shop\"\n"
      "[[route]]\nname = \"b\"\nmatch = \"GET /x/*\"\nupstream = \"shop\"\n";
  EXPECT_EQ(problems_of(sample.text()),
            "standin.toml:12:1: route 'b' matches 'GET /x/*', as route 'a' does at standin.toml:8:1: neither is more "
            "specific");
}

TEST(ConfigErrors, RouteNamesAreUnique) {
  Sample sample;
  sample.route += "[[route]]\nname = \"orders\"\nmatch = \"*\"\nupstream = \"shop\"\n";
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("route 'orders' is named already at standin.toml:"));
}

TEST(ConfigErrors, APlainRouteHasNothingToProtect) {
  Sample sample;
  sample.route += "[[route]]\nname = \"rest\"\nmatch = \"*\"\nupstream = \"shop\"\nmode = \"shadow\"\n";
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("'mode' means something only with stand_in"));
}

TEST(ConfigErrors, TheJournalIsSaid) {
  Sample sample;
  sample.process = "";
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("'journal' is missing"));
  sample.process = "[journal]\nurl = \"journal.db\"\n";
  EXPECT_THAT(problems_of(sample.text()), AllOf(HasSubstr("'journal.url': is written \"sqlite:PATH\""),
                                                HasSubstr("'journal.key_file' is missing")));
  sample.process = "[journal]\nurl = \"postgresql://db\"\nkey_file = \"\"\n";
  EXPECT_THAT(problems_of(sample.text()), AllOf(HasSubstr("a shared journal is not in this version"),
                                                HasSubstr("'journal.key_file' names a file")));
}

TEST(ConfigErrors, ATrustworthyAnswerIsMoreThanAStatus) {
  Sample sample;
  sample.stand_in = with(sample.stand_in, ", pointer = \"/id\"", "");
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("'expect' needs a pointer or a content_type"));
}

TEST(ConfigErrors, ProofThatItIsThereNamesTheOrder) {
  Sample sample;
  sample.stand_in += "have_it = { status = [409], content_type = \"application/json\" }\n";
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("'stand_in.order.have_it.pointer' is missing"));
}

TEST(ConfigErrors, WhatDecidesIsNotStripped) {
  Sample sample;
  sample.stand_in += "strip = [\"/total\"]\n";
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("'/total' takes away '/total', which the amount is read from"));
}

TEST(ConfigErrors, FramingHeadersAndLineBreaksHaveNoPlaceInATemplate) {
  Sample sample;
  sample.stand_in = with(sample.stand_in, "approve = { status = 201 }",
                         "approve = { status = 201, headers = { content-length = \"3\", X-A = \"a\\r\\nX-B: c\" } }");
  const std::string problems = problems_of(sample.text());
  EXPECT_THAT(problems, HasSubstr("'content-length' is written by standin itself"));
  EXPECT_THAT(problems, HasSubstr("'X-A': a header's value has no line breaks"));
}

TEST(ConfigErrors, AMissingBodyFileIsAnError) {
  Sample sample;
  sample.stand_in =
      with(sample.stand_in, "approve = { status = 201 }", "approve = { status = 201, body_file = \"nowhere.json\" }");
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("'nowhere.json' there is no such file"));
}

TEST(ConfigErrors, ABodyIsGivenOnce) {
  Sample sample;
  sample.stand_in = with(sample.stand_in, "approve = { status = 201 }",
                         "approve = { status = 201, body = \"\", body_file = \"a.json\" }");
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("'approve' has both body and body_file"));
}

TEST(ConfigErrors, ADeviceIsNoBodyFile) {
  Sample sample;
  sample.stand_in =
      with(sample.stand_in, "approve = { status = 201 }", "approve = { status = 201, body_file = \"/dev/zero\" }");
  EXPECT_THAT(problems_of(sample.text()), HasSubstr("'/dev/zero' is not a regular file"));
}

TEST(ConfigErrors, ACredentialIsNeverQuoted) {
  const std::string path = testing::TempDir() + "/not_a_header";
  FILE* file = std::fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  std::fputs("s3cret", file);
  std::fclose(file);
  Sample sample;
  sample.stand_in += "replay = { credential_file = \"" + path + "\" }\n";
  EXPECT_THAT(problems_of(sample.text()), AllOf(HasSubstr("is not one line"), Not(HasSubstr("s3cret"))));
}

TEST(ConfigErrors, PointersAndTargetsAreChecked) {
  Sample sample;
  sample.stand_in = with(sample.stand_in, "\"/id\"", "\"id\"");
  sample.upstream = with(sample.upstream, "GET /orders", "GTE /orders");
  sample.upstream = with(sample.upstream, "\"http://127.0.0.1:3000\"", "\"127.0.0.1:3000\"");
  const std::string problems = problems_of(sample.text());
  EXPECT_THAT(problems, HasSubstr("'id' is not a JSON Pointer; did you mean '/id'?"));
  EXPECT_THAT(problems, HasSubstr("'GTE' is not one of GET"));
  EXPECT_THAT(problems, HasSubstr("'127.0.0.1:3000' is not a target"));
}

TEST(ConfigErrors, TheEdgeAndTheConsoleDoNotShareAnAddress) {
  EXPECT_THAT(problems_with("[console]\nlisten = \"127.0.0.1:8080\""), HasSubstr("which the edge listens on already"));
}

TEST(ConfigErrors, ARouteThatIsNoTableIsReportedAndTheRestStillRead) {
  EXPECT_THAT(problems_of("route = [1]\n"), HasSubstr("'route': expected list of tables, found a whole number"));
  EXPECT_THAT(problems_of("[upstream]\ntargets = []\n"), HasSubstr("write [upstream.NAME] with a name of your own"));
}

}  // namespace
}  // namespace standin
