#include "config/config_test_support.h"

namespace standin {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> warnings_of(const Sample& sample) { return parsed(sample.text(), "standin.toml").warnings; }

TEST(ConfigWarnings, WithoutAKeyARetryIsANewOrder) {
  Sample sample;
  sample.route = with(sample.route, "key = \"Idempotency-Key\"\n", "");
  EXPECT_THAT(warnings_of(sample), ElementsAre("standin.toml:9:1: route 'orders': it has no key: a client's retry is a "
                                               "new order"));
}

TEST(ConfigWarnings, WithoutAFinderUnknownsAreHeldForAPerson) {
  Sample sample;
  sample.upstream = with(sample.upstream, "finder = { request = \"GET /orders?key={{order_key}}\" }\n", "");
  sample.upstream = with(sample.upstream, "kind = \"keyed\", window = \"forever\"", "kind = \"none\"");
  EXPECT_THAT(warnings_of(sample), Contains(HasSubstr("an order that may have happened is held for a person")));
}

TEST(ConfigWarnings, APartyThatForgetsNeedsAFinder) {
  Sample sample;
  sample.upstream = with(sample.upstream, "finder = { request = \"GET /orders?key={{order_key}}\" }\n", "");
  sample.upstream = with(sample.upstream, "\"forever\"", "\"24h\"");
  EXPECT_THAT(warnings_of(sample), Contains(HasSubstr("remembers for 1d")));
}

TEST(ConfigWarnings, WithoutAReversalADoneDeclineBecomesAFollowUp) {
  Sample sample;
  sample.upstream =
      with(sample.upstream, "reversal = { request = \"POST /orders/{{upstream_reference}}/cancel\" }\n", "");
  EXPECT_THAT(warnings_of(sample), ElementsAre(HasSubstr("becomes a follow-up")));
}

TEST(ConfigWarnings, AHeaderKeyWithoutATenantIsSharedByMerchants) {
  Sample sample;
  sample.route = with(sample.route, "tenant = \"merchant\"\n", "");
  EXPECT_THAT(warnings_of(sample), ElementsAre(HasSubstr("it has no tenant")));
}

TEST(ConfigWarnings, AKeyOfFactsNeedsNoTenant) {
  Sample sample;
  sample.route = with(sample.route, "tenant = \"merchant\"\n", "");
  sample.route = with(sample.route, "\"Idempotency-Key\"", "[\"merchant\"]");
  EXPECT_THAT(warnings_of(sample), testing::IsEmpty());
}

TEST(ConfigWarnings, ADeadlineShorterThanTheCommitBudgetSaysWhatTheUpstreamHas) {
  Sample sample;
  sample.route += "deadline = \"400ms\"\n";
  EXPECT_THAT(warnings_of(sample), ElementsAre(HasSubstr("100ms is kept for the journal's commit: the upstream has "
                                                         "300ms")));
}

TEST(ConfigWarnings, AnApprovalThatLooksDifferentIsTold) {
  Sample sample;
  sample.stand_in = with(sample.stand_in, "approve = { status = 201 }", "approve = { status = 200 }");
  EXPECT_THAT(warnings_of(sample), ElementsAre(HasSubstr("approve answers 200")));
}

TEST(ConfigWarnings, AShortDrainLeavesLateAnswersToTheFinder) {
  Sample sample;
  sample.process += "[server]\ndrain = \"10s\"\n";
  EXPECT_THAT(warnings_of(sample), ElementsAre(HasSubstr("'server.drain' of 10s is shorter")));
}

TEST(ConfigWarnings, WhatNothingUsesIsTold) {
  Sample sample;
  sample.upstream += "[upstream.spare]\ntargets = [\"http://127.0.0.1:3001\"]\n";
  EXPECT_THAT(warnings_of(sample), ElementsAre(HasSubstr("no route uses upstream 'spare'")));
}

}  // namespace
}  // namespace standin
