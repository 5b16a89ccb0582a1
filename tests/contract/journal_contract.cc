#include "contract/journal_contract.h"

#include <algorithm>

namespace standin::contract {

void TestedJournal::finish() {
  loop_.restart();
  loop_.run();
}

Change ended(Lease lease, State to, std::string kind, Outcome outcome, std::string upstream_reference) {
  return Change{.lease = lease,
                .to = to,
                .who = "test",
                .why = "the attempt ended",
                .attempt = Attempt{.kind = std::move(kind), .target = "http://shop", .outcome = outcome},
                .upstream_reference = std::move(upstream_reference)};
}

Conclusion by_party(Lease lease, State to, Outcome outcome, std::string upstream_reference) {
  return Conclusion{.lease = lease,
                    .to = to,
                    .forward = outcome,
                    .target = "http://gateway",
                    .first_sent = wall_time(1),
                    .upstream_reference = std::move(upstream_reference),
                    .who = "standin",
                    .why = "the party answered",
                    .answer = {1, "wrapped", "answer of the party"}};
}

Conclusion by_us(Lease lease, State to, WallTime due, Outcome forward) {
  return Conclusion{.lease = lease,
                    .to = to,
                    .answer_is_ours = true,
                    .decision = {.accept = to == State::accepted,
                                 .verdicts = {{"floor_limit", to == State::accepted, "100 is under 2500"}},
                                 .policy_version = "p1"},
                    .cause = Cause::timed_out_in_service,
                    .forward = forward,
                    .target = "http://gateway",
                    .detail = "no answer",
                    .first_sent = wall_time(1),
                    .due = due,
                    .caps = {Money{1000, *Currency::parse("USD")}},
                    .who = "standin",
                    .why = "stood in",
                    .answer = {1, "wrapped", "answer of ours"}};
}

Change said(Ulid id, State to, std::optional<WallTime> due) {
  return Change{.lease = {id, 0}, .to = to, .who = "ann", .why = "because", .due = due};
}

OrderKey JournalContract::key_of(const std::string& text) {
  OrderKey key;
  std::copy_n(text.begin(), std::min<std::size_t>(text.size(), 32), key.digest.bytes.begin());
  return key;
}

NewOrder JournalContract::an_order(const std::string& key) {
  NewOrder order;
  order.id = ulids_.make(now());
  order.key = key_of(key.empty() ? "key " + std::to_string(++keys_) : key);
  order.payload.bytes[0] = 7;
  order.key_from_client = true;
  order.tenant = "acme";
  order.route = "orders";
  order.upstream = "shop";
  order.stand_in = "order";
  order.request_id = order.id.text();
  order.reference = "gateway-down-" + order.id.text();
  order.config_version = "c0ffee";
  order.facts = {
      .amount = Money{100, *Currency::parse("USD")}, .merchant = "m", .customer = "carl", .reference = "cart"};
  order.decision = {.accept = true, .verdicts = {{"floor_limit", true, "100 is under 2500"}}, .policy_version = "p1"};
  order.cause = Cause::breaker;
  order.created = order.due = now();
  order.request = {1, "wrapped", "request " + order.id.text()};
  order.answer = {1, "wrapped too", std::string("answer \0 ", 9) + order.id.text()};
  return order;
}

NewOrder JournalContract::a_decline(const std::string& key, bool key_from_client) {
  NewOrder order = an_order(key);
  order.state = State::declined;
  order.decision.accept = false;
  order.key_from_client = key_from_client;
  return order;
}

NewOrder JournalContract::an_order_in_doubt() {
  NewOrder order = an_order();
  order.cause = Cause::timed_out_in_service;
  order.forward = Outcome::unknown;
  order.target = "http://shop";
  order.first_sent = now();
  order.due = now() + std::chrono::minutes(1);
  return order;
}

NewOrder JournalContract::an_intent(const std::string& key) {
  NewOrder order = an_order(key);
  order.state = State::charging;
  order.upstream = "gateway";
  order.decision = {};
  order.forward = Outcome::unknown;
  order.due = now() + std::chrono::minutes(1);
  order.answer = {};
  return order;
}

Kept JournalContract::keep(NewOrder order) { return tested_->run(journal().keep(std::move(order))); }

Ulid JournalContract::kept(NewOrder order) {
  const Ulid id = order.id;
  EXPECT_EQ(keep(std::move(order)), Kept::kept);
  return id;
}

std::optional<Lease> JournalContract::lease(Ulid id, std::string kind) {
  Attempt attempt{.kind = std::move(kind), .target = "http://shop", .started = now()};
  return tested_->run(journal().lease(id, "replay-1", now() + std::chrono::seconds(30), std::move(attempt)));
}

Applied JournalContract::apply(Change change) { return tested_->run(journal().apply(std::move(change))); }

Kept JournalContract::conclude(Conclusion conclusion) {
  return tested_->run(journal().conclude(std::move(conclusion)));
}

Ulid JournalContract::charged(const std::string& reference, const std::string& key) {
  const Ulid id = kept(an_intent(key));
  EXPECT_EQ(conclude(by_party({id, live_forward_token}, State::settled, Outcome::approved, reference)), Kept::kept);
  return id;
}

OrderRow JournalContract::row(const Ulid& id) {
  const auto rows = journal().orders({.id = id, .include_shadow = true});
  EXPECT_TRUE(rows && rows->size() == 1) << "the order " << id.text() << " is there";
  return rows && rows->size() == 1 ? rows->front() : OrderRow{};
}

std::vector<State> JournalContract::path(const Ulid& id) {
  std::vector<State> states;
  const auto transitions = journal().transitions(id);
  for (const TransitionRow& step : *transitions) states.push_back(step.to);
  return states;
}

std::int64_t JournalContract::exposure() {
  for (const Money& sum : journal().exposure()) {
    if (sum.currency.code() == "USD") return sum.minor;
  }
  return 0;
}

Result<void> JournalContract::act_on(std::int64_t follow_up, std::string action) {
  return tested_->run(journal().update_follow_up(follow_up, std::move(action), "ann", "spoke with the customer"));
}

}  // namespace standin::contract
