#include "route/claims.h"

#include "base/limits.h"
#include "vault/vault.h"

namespace standin {
namespace {

/// Said no, by us or by the party.
bool is_declined(State state) {
  return state == State::declined || state == State::reversing || state == State::reversed;
}

}  // namespace

Claim::Claim(Claim&& other) noexcept
    : kind_(other.kind_),
      answer_(std::move(other.answer_)),
      order_(other.order_),
      claims_(std::exchange(other.claims_, nullptr)),
      intent_(other.intent_) {}

Claim::~Claim() {
  if (claims_) claims_->release(intent_.key, std::nullopt);
}

bool Claim::finish(const Response& answer) {
  Claims* const claims = std::exchange(claims_, nullptr);
  ensure(claims != nullptr, "only a claim that is ours is finished, and once");
  return claims->release(intent_.key, answer);
}

Task<Claim> Claims::claim(Intent intent, Clock& clock, Instant deadline) {
  while (true) {
    auto tried = try_claim(intent, clock.now());
    if (auto* decided = std::get_if<Claim>(&tried)) co_return std::move(*decided);
    const auto awaited = std::get<std::shared_ptr<Awaited>>(tried);
    const auto ended = co_await awaited->wait_until(clock, deadline);
    if (!ended) co_return Claim(Claim::Kind::in_progress, std::nullopt);
    if (*ended) co_return Claim(Claim::Kind::answered, **ended);
  }
}

std::variant<std::shared_ptr<Claims::Awaited>, Claim> Claims::try_claim(const Intent& intent, Instant now) {
  Shard& in = shard(intent.key);
  const std::lock_guard lock(in.mutex);
  if (const auto found = in.in_flight.find(intent.key); found != in.in_flight.end()) {
    if (found->second.payload != intent.payload) return Claim(Claim::Kind::other_payload, std::nullopt);
    return found->second.answer;
  }
  // The journal is asked under the shard's lock: an order is remembered before its claim is let go, so no gap is left.
  std::optional<Ulid> resumed;
  if (auto claim = recalled(intent, resumed)) return std::move(*claim);
  if (auto claim = kept_for_retry(in, intent, now)) return std::move(*claim);
  in.in_flight.emplace(intent.key, InFlight{intent.payload});
  Claim ours(*this, intent);
  ours.order_ = resumed;
  return ours;
}

std::optional<Claim> Claims::recalled(const Intent& intent, std::optional<Ulid>& resumed) {
  const auto known = journal_.recall(intent.key);
  if (!known || known->state == State::lapsed) return std::nullopt;
  if (!known->key_from_client && (is_declined(known->state) || known->state == State::cancelled)) {
    // A key made of facts: a definite decline or a void ended its intent, what may yet stand has not.
    if (known->state == State::reversing) return Claim(Claim::Kind::in_progress, std::nullopt);
    return std::nullopt;
  }
  if (known->payload != intent.payload) return Claim(Claim::Kind::other_payload, std::nullopt);
  if (known->state == State::cancelling || known->state == State::cancelled) {
    return Claim(Claim::Kind::withdrawn, std::nullopt);
  }
  if (known->answered) return answered(*known);
  if (known->state != State::charging) return never_answered(*known);
  resumed = known->id;
  return std::nullopt;
}

Claim Claims::never_answered(const Remembered& known) {
  if (is_declined(known.state)) return Claim(Claim::Kind::withdrawn, std::nullopt);
  const bool done = known.state == State::settled || known.state == State::matched;
  Claim claim(done ? Claim::Kind::unheard : Claim::Kind::in_progress, std::nullopt);
  claim.order_ = known.id;
  return claim;
}

Claim Claims::answered(const Remembered& known) {
  const auto sealed = journal_.answer(known.id);
  const auto wire = sealed ? vault_.open(*sealed, answer_context(known.id)) : std::unexpected(sealed.error());
  auto answer = wire ? response_from_wire(*wire) : std::nullopt;
  if (!answer) return Claim(Claim::Kind::unreadable, std::nullopt);
  Claim claim(Claim::Kind::answered, std::move(answer));
  if (known.state == State::held) claim.order_ = known.id;
  return claim;
}

std::optional<Claim> Claims::kept_for_retry(Shard& in, const Intent& intent, Instant now) {
  const auto found = in.kept.find(intent.key);
  if (found == in.kept.end() || found->second.until < now || !found->second.client_gone) return std::nullopt;
  if (found->second.payload != intent.payload) return Claim(Claim::Kind::other_payload, std::nullopt);
  return Claim(Claim::Kind::answered, found->second.answer);
}

bool Claims::release(const OrderKey& key, std::optional<Response> answer) {
  std::shared_ptr<Awaited> awaited;
  {
    Shard& in = shard(key);
    const std::lock_guard lock(in.mutex);
    const auto found = in.in_flight.find(key);
    ensure(found != in.in_flight.end(), "a claim is let go once");
    awaited = std::move(found->second.answer);
    in.in_flight.erase(found);
  }
  const bool anyone = awaited.use_count() > 1;  // each who waits holds it, and nobody can join any more
  awaited->set(std::move(answer));
  return anyone;
}

void Claims::remember(const Intent& intent, const Response& answer, bool client_gone, Instant now) {
  if (!intent.repeatable) return;
  Shard& in = shard(intent.key);
  const std::lock_guard lock(in.mutex);
  keep(in, intent.key, {intent.payload, answer, client_gone, now + limits::definite_answer_kept});
}

void Claims::keep(Shard& in, const OrderKey& key, KeptAnswer kept) {
  if (in.kept.insert_or_assign(key, std::move(kept)).second) in.kept_oldest_first.push_back(key);
  if (in.kept_oldest_first.size() > limits::definite_answers / shards_.size()) {
    in.kept.erase(in.kept_oldest_first.front());
    in.kept_oldest_first.pop_front();
  }
}

std::optional<Response> Claims::remembered(const Intent& intent, Instant now) {
  Shard& in = shard(intent.key);
  const std::lock_guard lock(in.mutex);
  const auto found = in.kept.find(intent.key);
  if (found == in.kept.end() || found->second.until < now || found->second.payload != intent.payload)
    return std::nullopt;
  return found->second.answer;
}

void Claims::doubt(const Intent& intent, Instant now) {
  if (!intent.repeatable) return;
  Shard& in = shard(intent.key);
  const std::lock_guard lock(in.mutex);
  const auto found = in.kept.find(intent.key);
  if (found != in.kept.end() && found->second.until >= now && found->second.answer) return;
  keep(in, intent.key, {intent.payload, std::nullopt, false, now + limits::definite_answer_kept});
}

bool Claims::doubted(const Intent& intent, Instant now) {
  Shard& in = shard(intent.key);
  const std::lock_guard lock(in.mutex);
  const auto found = in.kept.find(intent.key);
  return found != in.kept.end() && found->second.until >= now && !found->second.answer;
}

}  // namespace standin
