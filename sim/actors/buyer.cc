#include "sim/actors/buyer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/event.h"
#include "sim/actors/answers.h"
#include "sim/actors/party.h"

namespace standin::sim {
namespace {

using namespace std::chrono_literals;
using Kind = Told::Kind;
using Fate = Aftermath::Fate;

constexpr const char* shoppers_host = "shopper";
constexpr const char* standin_host = "standin";
// What comes later, less one's patience, could be beyond what a party recognises as a repeat: ten minutes.
constexpr Duration repeats_within = 8min;
constexpr Duration twin_within = 50ms;
// Of the occasions that one has.
constexpr double rude_share = 0.5;

std::string_view word(Kind kind) {
  switch (kind) {
    case Kind::yes: return "yes";
    case Kind::no: return "no";
    case Kind::neither: return "neither";
  }
  unreachable();
}

Purchase purchase_of(const Wish& wish, Side side) {
  Purchase purchase{.name = wish.name,
                    .side = std::string(name(side)),
                    .customer = wish.customer,
                    .card_last4 = {},
                    .amount_minor = wish.amount_minor,
                    .currency = "USD"};
  if (side != Side::shop) purchase.card_last4 = wish.card.substr(wish.card.size() - 4);
  return purchase;
}

/// The last answer is one given before, word for word or marked as that: the same refund, not another.
bool was_told_before(const Purchase& purchase) {
  const Told& last = purchase.told.back();
  if (last.body.contains("UMisDuplicate=Y")) return true;
  return std::ranges::count_if(purchase.told,
                               [&](const Told& told) { return told.what == last.what && told.body == last.body; }) > 1;
}

}  // namespace

struct Buyer::Question {
  Request request;
  std::string_view what;
  std::int64_t amount_minor = 0;
  std::string key;
};

struct Buyer::Sending {
  std::shared_ptr<Connection> connection = std::make_shared<Connection>();
  Kind kind = Kind::neither;
  Event over;
};

Buyer::Buyer(std::shared_ptr<Market> market, std::shared_ptr<const Shopper> shopper, Wish wish, Manners manners,
             std::uint64_t seed)
    : market_(std::move(market)),
      shopper_(std::move(shopper)),
      random_(seed),
      wish_(std::move(wish)),
      manners_(manners),
      purchase_(purchase_of(wish_, shopper_->side())) {}

bool Buyer::is_rude(bool Manners::* trait) { return manners_.*trait && !market_->calm && chance(random_, rude_share); }

void Buyer::rude(std::string_view what) {
  market_->trace.note(market_->world.now(), wish_.name, "{}", what);
  if (market_->on_fault) market_->on_fault(Sabotage::rude_shoppers);
}

bool Buyer::knows_since(std::size_t answers) const {
  const auto& told = purchase_.told;
  return std::any_of(told.begin() + static_cast<std::ptrdiff_t>(answers), told.end(),
                     [](const Told& each) { return each.kind != Kind::neither; });
}

Buyer::Question Buyer::sale_of(const Wish& wish) const {
  return {shopper_->sale(wish), "sale", wish.amount_minor, wish.key};
}

Task<> Buyer::live() {
  const auto self = shared_from_this();
  co_await pay();
  if (!reference_.empty()) co_await look_after();
  market_->trace.note(market_->world.now(), wish_.name, "leaves");
}

Task<> Buyer::pause(Duration about) {
  const Duration span(between(random_, about.count() / 2, about.count() * 3 / 2));
  co_await market_->clock.sleep_for(span);
}

Task<> Buyer::pay() {
  co_await try_for(manners_.tries_max);
  if (!is_rude(&Manners::asks_again)) co_return;
  co_await pause(manners_.pause);
  rude("asks again");
  co_await try_for(1);
}

/// The first wish, or what its sender makes of it after an answer that is neither yes nor no.
Buyer::Question Buyer::next_try(bool first) {
  if (first) return sale_of(wish_);
  if (is_rude(&Manners::other_key)) {
    rude("takes another key");
    manners_.other_key = false;
    purchase_.honest_key = false;
    wish_ = shopper_->with_other_key(std::move(wish_));
  }
  if (is_rude(&Manners::other_payload)) {
    rude("changes the payload");
    purchase_.honest_key = false;
    return sale_of(shopper_->with_other_payload(wish_));
  }
  return sale_of(wish_);
}

Task<> Buyer::try_for(int tries_max) {
  const Instant last = market_->clock.now() + repeats_within - manners_.patience;
  for (int tried = 0; tried < tries_max; ++tried) {
    if (tried > 0) co_await pause(manners_.pause);
    if (market_->clock.now() > last) co_return;
    Question question = next_try(tried == 0);
    const std::size_t before = purchase_.told.size();
    if (is_rude(&Manners::both_at_once)) {
      co_await ask_twice(std::move(question));
    } else {
      co_await ask(std::move(question));
    }
    if (knows_since(before)) co_return;
  }
}

Task<> Buyer::ask_twice(Question question) {
  rude("sends it twice at once");
  const auto second = std::make_shared<Sending>();
  spawn(market_->executor, send_soon(question, second));
  co_await ask(std::move(question));
  co_await second->over.wait();
}

Task<> Buyer::send_soon(Question question, std::shared_ptr<Sending> sending) {
  const auto self = shared_from_this();
  const Duration later(between(random_, 0, twin_within.count()));
  co_await market_->clock.sleep_for(later);
  co_await send(std::move(question), std::move(sending));
}

/// Sends it, and waits until it is answered, or for as long as one waits.
Task<Kind> Buyer::ask(Question question) {
  const auto sending = std::make_shared<Sending>();
  if (!is_rude(&Manners::hangs_up)) {
    co_await send(std::move(question), sending);
    co_return sending->kind;
  }
  const Instant leaves = market_->clock.now() + draw_hang_up(random_, manners_.patience);
  spawn(market_->executor, send(std::move(question), sending));
  const bool over = co_await sending->over.wait_until(market_->clock, leaves);
  if (!over && market_->calm) co_await sending->over.wait();
  if (!sending->over.is_set()) {
    rude("hangs up");
    sending->connection->hung_up = true;
    purchase_.hung_up = true;
  }
  co_return sending->kind;
}

Task<> Buyer::send(Question question, std::shared_ptr<Sending> sending) {
  const auto self = shared_from_this();
  Market& market = *market_;
  const Instant end = market.clock.now() + manners_.patience;
  const std::int64_t asked_ms = world_ms(market.world.now());
  const ExchangeTimes times{.send_before = end, .listen_until = end};
  market.trace.note(market.world.now(), wish_.name, "asks for a {} of {}", question.what, question.amount_minor);
  count(question, asked_ms);
  ++market.under_way;
  const auto answer = co_await market.net.exchange(shoppers_host, standin_host, std::move(question.request), times, {},
                                                   market.clock, sending->connection);
  --market.under_way;
  if (sending->connection->copied) purchase_.repeated = true;
  const bool left = sending->connection->hung_up;
  if ((left || !answer) && question.what == "sale") purchase_.unheard_until_ms = world_ms(market.world.now());
  if (!left && answer) take(question, asked_ms, *answer, *sending);
  if (!left && !answer) {
    market.trace.note(market.world.now(), wish_.name, "gets no answer: {}", answer.error().what);
    sending->connection->hung_up = true;
    if (market.clock.now() >= end) purchase_.hung_up = true;
  }
  sending->over.set();
}

void Buyer::count(const Question& question, std::int64_t now_ms) {
  if (question.what == "refund") purchase_.refund_sent_minor += question.amount_minor;
  if (question.what != "sale") return;
  if (purchase_.tries++ == 0) purchase_.began_ms = now_ms;
  purchase_.last_try_ms = now_ms;
}

void Buyer::take(const Question& question, std::int64_t asked_ms, const Response& response, Sending& sending) {
  Told told{.at_ms = world_ms(market_->world.now()),
            .asked_ms = asked_ms,
            .what = std::string(question.what),
            .reference = {},
            .amount_minor = question.amount_minor,
            .key = question.key,
            .content_type = {},
            .body = {}};
  hear(shopper_->side(), response, told);
  sending.kind = told.kind;
  market_->trace.note(market_->world.now(), wish_.name, "is told {} ({}) {}", word(told.kind), told.status,
                      told.reference);
  if (question.what == "sale" && told.kind == Kind::yes) reference_ = told.reference;
  purchase_.told.push_back(std::move(told));
  if (market_->on_told) market_->on_told(purchase_, purchase_.told.back());
}

Task<> Buyer::look_after() {
  const Aftermath plan = draw_aftermath(random_, wish_.hold);
  if (plan.fate == Fate::keep && !plan.reads) co_return;
  co_await market_->clock.sleep_for(plan.after);
  if (plan.reads) co_await change("read", 0);
  co_await do_fate(plan);
  if (!is_rude(&Manners::insists)) co_return;
  rude("insists");
  co_await insist(plan.fate);
}

Task<> Buyer::do_fate(Aftermath plan) {
  const std::int64_t whole = wish_.amount_minor;
  const std::int64_t part = between(random_, 1, whole / 2);
  switch (plan.fate) {
    case Fate::keep: break;
    case Fate::void_it: co_await undo(); break;
    case Fate::refund_all: co_await change("refund", whole); break;
    case Fate::refund_part: co_await change("refund", part); break;
    case Fate::capture:
      co_await change("capture", whole);
      if (!plan.refunded) break;
      co_await pause(manners_.pause);
      co_await change("refund", part);
      break;
  }
}

/// The same once more, or a void on top of it.
Task<> Buyer::insist(Fate fate) {
  co_await pause(chance(random_, 0.5) ? 10ms : manners_.pause);
  const bool again = chance(random_, 0.6);
  if (again && (fate == Fate::refund_all || fate == Fate::refund_part)) {
    co_await change("refund", wish_.amount_minor);
  } else if (again && fate == Fate::capture) {
    co_await change("capture", wish_.amount_minor);
  } else {
    co_await undo();
  }
}

/// A void; where there is none, all the money back.
Task<> Buyer::undo() { co_await change(shopper_->can(wish_, "void") ? "void" : "refund", wish_.amount_minor); }

/// A refund without a key is not repeated: it would be a second one.
Task<> Buyer::change(std::string_view what, std::int64_t amount_minor) {
  if (!shopper_->can(wish_, what)) co_return;
  const bool keyed = !wish_.key.empty() && what != "read";
  const bool refunds = what == "refund";
  const std::string key = keyed ? fmt::format("{}-{}-{}", wish_.key, what, ++changes_) : "";
  const Request request = shopper_->change(wish_, {what, reference_, amount_minor, key});
  if (what == "void") purchase_.void_sent = true;
  const int tries_max = refunds && !keyed ? 1 : manners_.tries_max;
  for (int tried = 0; tried < tries_max; ++tried) {
    if (tried > 0) co_await pause(manners_.pause);
    const std::size_t before = purchase_.told.size();
    const Kind kind = co_await ask({request, what, amount_minor, key});
    if (refunds && kind == Kind::yes && !was_told_before(purchase_)) purchase_.refund_granted_minor += amount_minor;
    if (knows_since(before)) break;
  }
}

}  // namespace standin::sim
