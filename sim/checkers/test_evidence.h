#pragma once

// Made-up runs: small enough that each test shows the one thing that is wrong in it, or right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "sim/checkers/books.h"

namespace standin::sim {

inline const std::string own_reference = "gateway-down-01A";

inline Told told(Told::Kind kind, std::string reference, bool ours, std::int64_t asked_ms = 1000) {
  return {.at_ms = asked_ms + 500,
          .asked_ms = asked_ms,
          .kind = kind,
          .what = "sale",
          .reference = std::move(reference),
          .ours = ours,
          .amount_minor = 2500,
          .key = "k-1",
          .status = kind == Told::Kind::yes ? 201 : 422,
          .content_type = "application/json",
          .body = {}};
}

inline Told yes(std::string reference, bool ours = false, std::int64_t asked_ms = 1000) {
  Told answer = told(Told::Kind::yes, reference, ours, asked_ms);
  answer.body = R"({"order":{"id":")" + reference + R"(","status":"accepted"}})";
  return answer;
}
inline Told no(bool ours = false, std::int64_t asked_ms = 1000) {
  Told answer = told(Told::Kind::no, "", ours, asked_ms);
  answer.body = R"({"error":{"message":"Card failed"}})";
  return answer;
}
inline Told neither(std::int64_t asked_ms = 1000) {
  Told answer = told(Told::Kind::neither, "", false, asked_ms);
  answer.status = 504;
  return answer;
}
inline Told of(Told answer, std::string what) {
  answer.what = std::move(what);
  return answer;
}
/// Under a key that the route makes of facts.
inline Told by_facts(Told answer) {
  answer.key.clear();
  return answer;
}

inline Purchase purchase(std::vector<Told> answers, std::string side = "till") {
  return {.name = "cart-1",
          .side = std::move(side),
          .customer = "c-1",
          .card_last4 = "2224",
          .amount_minor = 2500,
          .currency = "USD",
          .told = answers,
          .tries = static_cast<int>(answers.size()),
          .began_ms = 1000,
          .last_try_ms = answers.empty() ? 1000 : answers.back().asked_ms};
}

inline LedgerEntry charge(std::string reference, std::string party = "cardgate") {
  return {.party = std::move(party),
          .reference = std::move(reference),
          .purchase = "cart-1",
          .key = "key-1",
          .amount_minor = 2500,
          .currency = "USD",
          .at_ms = 1200};
}

/// Stood in for, unless the state says otherwise.
inline JournalEntry order(std::string state, std::string upstream_reference = "", int cases = 0) {
  const bool accepted =
      state != "declined" && state != "reversing" && state != "reversed" && state != "charging" && state != "lapsed";
  return {.id = "01A",
          .route = "route",
          .state = std::move(state),
          .purchase = "cart-1",
          .reference = own_reference,
          .upstream = "cardgate",
          .upstream_reference = std::move(upstream_reference),
          .amount_minor = 2500,
          .currency = "USD",
          .accepted = accepted,
          .stood_in = true,
          .open_follow_ups = cases,
          .follow_ups = cases};
}

inline Evidence run_of(Purchase purchase, std::vector<LedgerEntry> ledger, std::vector<JournalEntry> journal) {
  return {
      .purchases = {std::move(purchase)}, .ledger = std::move(ledger), .journal = std::move(journal), .healed = true};
}

/// Told yes in stand-in, delivered later.
inline Evidence kept_promise(std::string side = "till") {
  const std::string party = side == "shop" ? "shop" : "cardgate";
  JournalEntry settled = order("settled", "R1");
  settled.upstream = party;
  Purchase bought = purchase({yes(own_reference, true)}, side);
  if (side == "till") bought.told.front().body.clear();  // what it looks like is shape_test.cc's
  return run_of(std::move(bought), {charge("R1", party)}, {settled});
}

inline Violations found_by(Violations (*judge)(const Books&), const Evidence& evidence) {
  return judge(Books(evidence));
}

/// The promises that are broken, in order.
inline std::vector<std::string> broken(const Violations& violations) {
  std::vector<std::string> promises;
  for (const Violation& each : violations) promises.push_back(each.promise);
  return promises;
}
inline std::vector<std::string> broken(Violations (*judge)(const Books&), const Evidence& evidence) {
  return broken(found_by(judge, evidence));
}

inline const std::vector<std::string> nothing;
using Promises = std::vector<std::string>;

}  // namespace standin::sim
