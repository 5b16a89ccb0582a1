#include "route/claims.h"

#include <algorithm>

#include "base/limits.h"
#include "base/planted.h"
#include "vault/vault.h"

namespace standin {
namespace {

/// Said no, by us or by the party.
bool is_declined(State state) {
  return state == State::declined || state == State::reversing || state == State::reversed;
}

/// Promised or done, and nothing more is to come of it.
bool stood_to_the_end(State state) { return is_end(state) && was_accepted(state) && state != State::cancelled; }

}  // namespace

Claims::Claims(Journal& journal, const Vault& vault, Instant now)
    : journal_(journal),
      vault_(vault),
      forgotten_until_(journal.used_before() ? now + limits::definite_answer_kept : Instant::min()) {}

Claim::Claim(Claim&& other) noexcept
    : kind_(other.kind_),
      answer_(std::move(other.answer_)),
      order_(other.order_),
      deliveries_(std::move(other.deliveries_)),
      claims_(std::exchange(other.claims_, nullptr)),
      intent_(std::move(other.intent_)) {}

Claim::~Claim() {
  if (claims_) claims_->release(intent_, std::nullopt);
}

void Claim::finish(AnswerPtr answer) {
  Claims* const claims = std::exchange(claims_, nullptr);
  ensure(claims != nullptr, "only a claim that is ours is finished, and once");
  claims->release(intent_, Claims::Given{std::move(answer), nullptr});
}

DeliveriesPtr Claim::give(AnswerPtr answer, Ulid order, bool told) {
  Claims* const claims = std::exchange(claims_, nullptr);
  ensure(claims != nullptr, "only a claim that is ours is finished, and once");
  auto deliveries = std::make_shared<Deliveries>(Deliveries{intent_, order, told ? 1u : 0u});
  claims->release(intent_, Claims::Given{std::move(answer), deliveries});
  return deliveries;
}

bool Claim::give_to_waiting(AnswerPtr answer, Ulid order) {
  ensure(claims_ != nullptr, "only a claim that is ours is finished, and once");
  const auto deliveries = std::make_shared<Deliveries>(Deliveries{intent_, order});
  if (!claims_->release(intent_, Claims::Given{std::move(answer), deliveries}, true)) return false;
  claims_ = nullptr;
  return true;
}

Task<Claim> Claims::claim(const Intent& intent, Clock& clock, Instant deadline) {
  std::optional<Record> record;
  while (true) {
    auto tried = try_claim(intent, clock, record);
    if (auto* decided = std::get_if<Claim>(&tried)) co_return std::move(*decided);
    if (const auto* known = std::get_if<Remembered>(&tried)) {
      record = read(*known);
      continue;
    }
    auto awaited = std::move(std::get<std::shared_ptr<Awaited>>(tried));
    co_await awaited->wait_until(clock, deadline);
    const auto ended = stop_waiting(intent, std::move(awaited));
    if (!ended) co_return Claim(Claim::Kind::in_progress, nullptr);
    if (!*ended) continue;
    Claim given(Claim::Kind::answered, (*ended)->answer);
    given.deliveries_ = (*ended)->deliveries;
    co_return given;
  }
}

// The journal's memory is asked under the shard's lock: an order is remembered before its claim is let go, so no gap is
// left. Its disk is not: others of the shard would wait for it.
std::variant<std::shared_ptr<Claims::Awaited>, Claim, Remembered> Claims::try_claim(
    const Intent& intent, const Clock& clock, const std::optional<Record>& record) {
  Shard& in = shard(intent);
  const std::lock_guard lock(in.mutex);
  if (const auto found = in.in_flight.find(intent.claimed()); found != in.in_flight.end()) {
    if (found->second.payload != intent.payload) return Claim(Claim::Kind::other_payload, nullptr);
    auto& awaited = found->second.answer;
    if (!awaited) awaited = std::make_shared<Awaited>();
    return awaited;
  }
  Intent meant = as_of(intent, clock.wall());
  Recalled known = recalled(in, meant, record);
  if (known.claim) return std::move(*known.claim);
  if (known.to_read) return *known.to_read;
  if (auto claim = kept_for_retry(in, meant, clock.now())) return std::move(*claim);
  in.in_flight.emplace(meant.claimed(), InFlight{meant.payload, nullptr});
  Claim ours(*this, std::move(meant));
  ours.order_ = known.resumed;
  return ours;
}

// Each order that comes after another's window has a key of its own, made from the one before: what recognises repeats
// by it (the journal, a party, a finder) never takes the new order for the old one. What has such a follower is never
// asked again, whatever becomes of it; what is still open means itself, however old. A decline or a void frees its key
// at once (`recalled`).
Intent Claims::as_of(Intent intent, WallTime now) const {
  if (intent.window == Duration::max()) return intent;
  const OrderKey first = intent.key;
  while (const auto known = journal_.recall(intent.key)) {
    const OrderKey next = vault_.order_key(intent.tenant, "", intent.key.text());
    const bool over = stood_to_the_end(known->state) && now - known->decided >= intent.window;
    if (!over && !journal_.recall(next)) break;
    intent.key = next;
  }
  if (intent.key != first) intent.first_key = first;
  return intent;
}

Claims::Recalled Claims::recalled(Shard& in, const Intent& intent, const std::optional<Record>& record) {
  const auto known = journal_.recall(intent.key);
  if (!known || known->state == State::lapsed) return {};
  if (planted(Bug::skip_recall) && known->answered && was_accepted(known->state)) return {};
  if (planted(Bug::declines_forgotten) && known->answered && is_declined(known->state)) return {};
  if (!known->key_from_client && (is_declined(known->state) || known->state == State::cancelled)) {
    // A key made of facts: a definite decline or a void ended its intent, what may yet stand has not.
    if (known->state == State::reversing) return {.claim = Claim(Claim::Kind::in_progress, nullptr)};
    return {};
  }
  if (known->payload != intent.payload) return {.claim = Claim(Claim::Kind::other_payload, nullptr)};
  if (known->state == State::cancelled) return {.claim = Claim(Claim::Kind::withdrawn, nullptr)};
  const bool is_read = record && record->order == known->id && record->state == known->state;
  if (!is_read && (known->answered || known->state == State::cancelling)) return {.to_read = known};
  if (known->state == State::cancelling) {
    return {.claim = Claim(record->being_voided ? Claim::Kind::in_progress : Claim::Kind::withdrawn, nullptr)};
  }
  if (known->answered) return {.claim = answered(in, intent, *record)};
  if (known->state != State::charging) return {.claim = never_answered(*known)};
  return {.resumed = known->id};
}

Claims::Record Claims::read(const Remembered& known) const {
  Record record{.order = known.id, .state = known.state};
  if (known.state == State::cancelling) {
    const auto attempts = journal_.attempts(known.id);
    record.being_voided = !attempts || is_being_voided(known.state, *attempts);
    return record;
  }
  const auto sealed = journal_.answer(known.id);
  const auto wire = sealed ? vault_.open(*sealed, answer_context(known.id)) : std::unexpected(sealed.error());
  auto answer = wire ? response_from_wire(*wire) : std::nullopt;
  if (!answer) return record;
  if (planted(Bug::other_bytes_on_recall)) answer->body.push_back('\n');
  record.answer = std::make_shared<const Response>(std::move(*answer));
  record.waits = known.state == State::held && waits_for_retry(known.id);
  return record;
}

Claim Claims::never_answered(const Remembered& known) {
  if (is_declined(known.state)) return Claim(Claim::Kind::withdrawn, nullptr);
  const bool done = known.state == State::settled || known.state == State::matched;
  Claim claim(done ? Claim::Kind::unheard : Claim::Kind::in_progress, nullptr);
  claim.order_ = known.id;
  return claim;
}

Claim Claims::answered(Shard& in, const Intent& intent, const Record& record) {
  if (!record.answer) return Claim(Claim::Kind::unreadable, nullptr);
  Claim claim(Claim::Kind::answered, record.answer);
  if (record.waits) claim.order_ = record.order;
  claim.deliveries_ = one_more(in, intent, record.order, record.waits);
  return claim;
}

// No attempt but its clients' own, and a person's case: what else holds an order is not ended by a retry.
bool Claims::waits_for_retry(const Ulid& order) const {
  const auto rows = journal_.orders({.id = order});
  if (!rows || rows->empty()) return false;
  const OrderRow& row = rows->front();
  if (row.state != State::held || !row.undelivered || row.due < never_due) return false;
  const auto attempts = journal_.attempts(order);
  return attempts && std::ranges::all_of(*attempts, [](const Attempt& attempt) { return attempt.kind == "live"; });
}

std::optional<Claim> Claims::kept_for_retry(Shard& in, const Intent& intent, Instant now) {
  if (const KeptAnswers::Kept* const missed = kept_of(in.missed, intent, now)) {
    return Claim(Claim::Kind::answered, std::make_shared<const Response>(missed->answer));
  }
  if (kept_of(in.received, intent, now)) return std::nullopt;
  if (answered_another_payload(in.missed, intent, now)) return Claim(Claim::Kind::other_payload, nullptr);
  return std::nullopt;
}

const KeptAnswers::Kept* Claims::kept_of(const KeptAnswers& among, const Intent& intent, Instant now) {
  const KeptAnswers::Kept* const kept = among.find(intent.key, intent.payload);
  return kept && kept->until >= now ? kept : nullptr;
}

bool Claims::answered_another_payload(const KeptAnswers& among, const Intent& intent, Instant now) {
  for (const KeptAnswers::Kept* each = among.newest(intent.key); each; each = among.before(*each)) {
    if (each->until >= now && each->payload != intent.payload) return true;
  }
  return false;
}

// Whoever waits holds it once, and nobody can join any more. They are counted and told under the lock, so that one who
// has just given up is not believed to have been answered.
bool Claims::release(const Intent& intent, std::optional<Given> given, bool only_awaited) {
  Shard& in = shard(intent);
  const std::lock_guard lock(in.mutex);
  const auto found = in.in_flight.find(intent.claimed());
  ensure(found != in.in_flight.end(), "a claim is let go once");
  const auto& answer = found->second.answer;
  const auto waiting = static_cast<std::size_t>(answer ? answer.use_count() - 1 : 0);
  if (only_awaited && waiting == 0) return false;
  const auto awaited = std::move(found->second.answer);
  in.in_flight.erase(found);
  if (given && given->deliveries) {
    given->deliveries->believed += waiting;
    remember_deliveries(in, given->deliveries);
  }
  if (awaited) awaited->set(std::move(given));
  return true;
}

std::optional<std::optional<Claims::Given>> Claims::stop_waiting(const Intent& intent,
                                                                 std::shared_ptr<Awaited> awaited) {
  const std::lock_guard lock(shard(intent).mutex);
  auto ended = awaited->peek();
  awaited.reset();
  return ended;
}

void Claims::remember_deliveries(Shard& in, const DeliveriesPtr& deliveries) {
  if (in.deliveries.size() >= in.deliveries_swept_at) {
    std::erase_if(in.deliveries, [](const auto& each) { return each.second.expired(); });
    in.deliveries_swept_at = std::max<std::size_t>(64, 2 * in.deliveries.size());
  }
  in.deliveries.insert_or_assign(deliveries->intent.key, deliveries);
}

DeliveriesPtr Claims::one_more(Shard& in, const Intent& intent, const Ulid& order, bool waits) {
  const auto found = in.deliveries.find(intent.key);
  DeliveriesPtr deliveries = found == in.deliveries.end() ? nullptr : found->second.lock();
  if (!deliveries || deliveries->order != order) {
    if (!waits) return nullptr;
    deliveries = std::make_shared<Deliveries>(Deliveries{intent, order});
    remember_deliveries(in, deliveries);
  }
  ++deliveries->believed;
  return deliveries;
}

std::optional<Claim> Claims::not_delivered(const DeliveriesPtr& deliveries) {
  const Intent& intent = deliveries->intent;
  Shard& in = shard(intent);
  const std::lock_guard lock(in.mutex);
  ensure(deliveries->believed > 0, "an answer fails once");
  --deliveries->believed;
  const bool arrived = deliveries->believed > 0 && !planted(Bug::withdrawn_though_told);
  if (arrived || in.in_flight.contains(intent.claimed())) return std::nullopt;
  in.in_flight.emplace(intent.claimed(), InFlight{intent.payload, nullptr});
  return Claim(*this, intent);
}

std::uint64_t Claims::remember(const Intent& intent, const Response& answer, const PartysWord& word, Instant now) {
  if (!intent.repeatable) return 0;
  Shard& in = shard(intent);
  const std::lock_guard lock(in.mutex);
  Doubted* const doubted = doubt_of(in, intent, now);
  if (doubted && word.ends_doubt) doubted->until = Instant::min();
  return keep(in, intent, answer, word.declined, word.client_gone, now);
}

/// In place of what was kept of it before, of either kind.
std::uint64_t Claims::keep(Shard& in, const Intent& intent, const Response& answer, bool declined, bool client_gone,
                           Instant now) {
  for (KeptAnswers* among : {&in.received, &in.missed}) among->forget(intent.key, intent.payload);
  KeptAnswers& among = client_gone ? in.missed : in.received;
  KeptAnswers::Kept* const last = planted(Bug::one_payload_remembered) ? among.newest(intent.key) : nullptr;
  if (last) last->payload = intent.payload;
  KeptAnswers::Kept& kept = among.place_for(intent.key, intent.payload);
  kept.answer = answer;
  kept.declined = declined;
  kept.number = ++in.answers_kept;
  kept.until = now + limits::definite_answer_kept;
  return kept.number;
}

void Claims::not_received(const Intent& intent, std::uint64_t number, const Response& answer, bool declined,
                          Instant now) {
  if (number == 0) return;
  Shard& in = shard(intent);
  const std::lock_guard lock(in.mutex);
  const KeptAnswers::Kept* const received = kept_of(in.received, intent, now);
  const bool another = kept_of(in.missed, intent, now) || (received && received->number != number);
  if (!another) keep(in, intent, answer, declined, true, now);
}

Claims::Earlier Claims::remembered(const Intent& intent, Instant now) {
  Shard& in = shard(intent);
  const std::lock_guard lock(in.mutex);
  const KeptAnswers::Kept* kept = kept_of(in.missed, intent, now);
  if (!kept) kept = kept_of(in.received, intent, now);
  if (!kept) return {};
  return {.answer = std::make_shared<const Response>(kept->answer), .declined = kept->declined};
}

bool Claims::remembers_another_payload(const Intent& intent, Instant now) {
  if (planted(Bug::one_payload_remembered)) return false;
  Shard& in = shard(intent);
  const std::lock_guard lock(in.mutex);
  return answered_another_payload(in.received, intent, now) || answered_another_payload(in.missed, intent, now);
}

// Of several attempts: when the first was sent, and until when the last may be under way.
void Claims::doubt(const Intent& intent, const Doubt& doubt, Instant now) {
  if (!intent.repeatable) return;
  Shard& in = shard(intent);
  const std::lock_guard lock(in.mutex);
  const Instant until = now + limits::definite_answer_kept;
  if (Doubted* const known = doubt_of(in, intent, now)) {
    known->doubt.heard_by = std::max(known->doubt.heard_by, doubt.heard_by);
    known->doubt.sent_at = std::min(known->doubt.sent_at, doubt.sent_at);
    known->until = until;
    return;
  }
  std::erase_if(in.doubts, [now](const Doubted& each) { return each.until < now; });
  if (in.doubts.size() >= limits::doubts / shard_count) {
    in.forgotten_until = std::max(in.forgotten_until, in.doubts.front().until);
    in.doubts.erase(in.doubts.begin());
  }
  in.doubts.push_back({intent.key, intent.payload, doubt, until});
}

Claims::Doubted* Claims::doubt_of(Shard& in, const Intent& intent, Instant now) {
  const auto found = std::ranges::find_if(in.doubts, [&](const Doubted& each) {
    return each.key == intent.key && each.payload == intent.payload && each.until >= now;
  });
  return found == in.doubts.end() ? nullptr : &*found;
}

std::optional<Claims::Doubt> Claims::doubted(const Intent& intent, Instant now) {
  Shard& in = shard(intent);
  const std::lock_guard lock(in.mutex);
  const Doubted* const known = doubt_of(in, intent, now);
  return known ? std::optional(known->doubt) : std::nullopt;
}

bool Claims::may_have_forgotten(const Intent& intent, Instant now) {
  if (!intent.repeatable) return false;
  Shard& in = shard(intent);
  const std::lock_guard lock(in.mutex);
  return now < std::max(forgotten_until_, in.forgotten_until);
}

}  // namespace standin
