#include "sim/checkers/test_evidence.h"

namespace standin::sim {
namespace {

void add(Evidence& run, Evidence more, const std::string& name) {
  for (Purchase& each : more.purchases) each.name = name;
  for (LedgerEntry& each : more.ledger) each.purchase = each.reference = name;
  for (JournalEntry& each : more.journal) {
    each.id = name;
    each.purchase = name;
    each.reference += name;
    if (!each.upstream_reference.empty()) each.upstream_reference = name;
  }
  for (Purchase& each : more.purchases) {
    for (Told& answer : each.told) {
      if (answer.ours && !answer.reference.empty()) answer.reference += name;
    }
  }
  run.purchases.insert(run.purchases.end(), more.purchases.begin(), more.purchases.end());
  run.ledger.insert(run.ledger.end(), more.ledger.begin(), more.ledger.end());
  run.journal.insert(run.journal.end(), more.journal.begin(), more.journal.end());
}

/// The shop's own yes, standin's yes, a no that was undone, one that a person has, one that nobody heard of.
Evidence lawful_run() {
  Evidence run{.healed = true};
  add(run, run_of(purchase({yes("ord_1")}, "shop"), {charge("ord_1", "shop")}, {}), "a");
  Evidence kept = kept_promise("shop");
  kept.purchases.front().told.front().body = R"({"order":{"id":"gateway-down-01Ab"}})";
  add(run, kept, "b");
  Evidence undone = run_of(purchase({no(true)}, "shop"), {charge("ord_2", "shop")}, {order("reversed", "ord_2")});
  undone.ledger.front().voided = true;
  add(run, undone, "c");
  Evidence refused = kept_promise("shop");
  refused.purchases.front().told.front().body = R"({"order":{"id":"gateway-down-01Ad"}})";
  refused.ledger.clear();
  refused.journal = {order("refused", "", 1)};
  add(run, refused, "d");
  add(run, run_of(purchase({neither()}), {charge("R1")}, {order("settled", "R1")}), "e");
  return run;
}

TEST(Check, NothingIsWrongWithALawfulRun) {
  for (const Violation& each : check(lawful_run())) ADD_FAILURE() << each.promise << ": " << each.what;
}

TEST(Check, NothingIsWrongWithNothing) { EXPECT_TRUE(check({}).empty()); }

TEST(Check, AllCheckersAreAsked) {
  Evidence run = lawful_run();
  const LedgerEntry twice = run.ledger[1];  // of "b"
  run.ledger.push_back(twice);
  run.purchases[1].told.front().status = 500;
  run.purchases[1].told.push_back(yes("other", true, 9000));
  run.ledger[2].voided = false;
  run.journal.push_back(order("accepted"));
  run.exposure = {{1, "USD", 2, 1}};
  run.crashes = {{.at_ms = 1, .promised = {"lost"}, .found = {}}};
  run.deliveries = {{.purchase = "b", .party = "shop", .mark = "order=b", .began_ms = 10, .ended_ms = 20},
                    {.purchase = "b", .party = "shop", .mark = "order=b", .began_ms = 11, .ended_ms = 20}};
  run.lease_ms = 100;
  const std::vector<std::string> promises = broken(check(run));
  for (const char* const promise : {"P1", "P2", "P3", "P4", "P5", "P6", "P10", "money", "lease"}) {
    EXPECT_THAT(promises, testing::Contains(promise));
  }
}

TEST(Check, AViolationTellsTheWholeStory) {
  Evidence run = kept_promise("shop");
  run.ledger.push_back(charge("R2", "shop"));
  const Violations found = found_by(charged_once, run);
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(found.front().purchase, "cart-1");
  for (const char* const part : {"cart-1 of 2500 USD at the shop", "yes at 1.500 s as gateway-down-01A (standin's)",
                                 "shop charged 2500 USD R2 at 1.200 s", "01A settled as gateway-down-01A"}) {
    EXPECT_THAT(found.front().what, testing::HasSubstr(part));
  }
}

}  // namespace
}  // namespace standin::sim
