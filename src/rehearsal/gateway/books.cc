#include "rehearsal/gateway/books.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/result.h"

namespace standin::rehearsal {
namespace {

constexpr std::int64_t first_refnum = 132'020'001;

}  // namespace

GatewayBooks::GatewayBooks(GatewayRecords records) {
  for (Payment& payment : records.payments) {
    ensure(payment.refnum == first_refnum + static_cast<std::int64_t>(payments_.size()), "a ledger has no gaps");
    open_batch_ = std::max(open_batch_, payment.settled ? payment.batch + 1 : payment.batch);
    payments_.push_back(std::move(payment));
    index(payments_.back());
  }
  for (SavedCard& card : records.cards) cards_[card.reference] = card;
  for (SavedAnswer& answer : records.answers) answers_[answer.key] = answer;
}

const Payment& GatewayBooks::add(Payment payment) {
  payment.refnum = first_refnum + static_cast<std::int64_t>(payments_.size());
  payment.batch = open_batch_;
  const auto number = static_cast<std::uint64_t>(payment.refnum);
  payment.id += scrambled(number);
  if (payment.intent == "pi_") payment.intent += scrambled(number << 8);
  if (payment.stands() && payment.auth_code.empty()) payment.auth_code = auth_code_for(payment.refnum);
  payments_.push_back(std::move(payment));
  index(payments_.back());
  changed_.push_back(payments_.back().refnum);
  return payments_.back();
}

void GatewayBooks::index(const Payment& payment) {
  by_id_[payment.id] = payment.refnum;
  if (!payment.intent.empty()) by_intent_[payment.intent] = payment.refnum;
  if (payment.stands()) by_signature_[duplicate_signature(payment)] = payment.refnum;
  by_merchant_[payment.source_key].push_back(payment.refnum);
}

void GatewayBooks::change(std::int64_t refnum, const std::function<void(Payment&)>& how) {
  ensure(find(refnum) != nullptr, "only rows that are there change");
  Payment& payment = payments_[static_cast<std::size_t>(refnum - first_refnum)];
  how(payment);
  if (payment.stands()) by_signature_[duplicate_signature(payment)] = refnum;
  changed_.push_back(refnum);
}

const Payment* GatewayBooks::find(std::int64_t refnum) const {
  const std::int64_t at = refnum - first_refnum;
  if (refnum < first_refnum || at >= static_cast<std::int64_t>(payments_.size())) return nullptr;
  return &payments_[static_cast<std::size_t>(at)];
}

const Payment* GatewayBooks::find_id(std::string_view id) const {
  const auto found = by_id_.find(std::string(id));
  return found == by_id_.end() ? nullptr : find(found->second);
}

const Payment* GatewayBooks::find_intent(std::string_view intent) const {
  const auto found = by_intent_.find(std::string(intent));
  return found == by_intent_.end() ? nullptr : find(found->second);
}

const std::vector<std::int64_t>& GatewayBooks::of_merchant(std::string_view source_key) const {
  static const std::vector<std::int64_t> none;
  const auto found = by_merchant_.find(source_key);
  return found == by_merchant_.end() ? none : found->second;
}

const Payment* GatewayBooks::find_duplicate(const std::string& signature) const {
  const auto found = by_signature_.find(signature);
  const Payment* payment = found == by_signature_.end() ? nullptr : find(found->second);
  return payment != nullptr && payment->stands() ? payment : nullptr;
}

void GatewayBooks::save(SavedCard card) {
  writes_.push_back(card);
  cards_[card.reference] = std::move(card);
}

const SavedCard* GatewayBooks::find_card(std::string_view reference) const {
  const auto found = cards_.find(reference);
  return found == cards_.end() ? nullptr : &found->second;
}

void GatewayBooks::save(SavedAnswer answer) {
  writes_.push_back(answer);
  answers_[answer.key] = std::move(answer);
}

const SavedAnswer* GatewayBooks::find_answer(std::string_view key) const {
  const auto found = answers_.find(std::string(key));
  return found == answers_.end() ? nullptr : &found->second;
}

void GatewayBooks::close_batch() {
  for (Payment& payment : payments_) {
    if (payment.settled || payment.batch != open_batch_) continue;
    // A hold waits in no batch: it goes along into the next.
    const bool waits = payment.state == PaymentState::authorized || payment.state == PaymentState::pending;
    if (waits) {
      payment.batch = open_batch_ + 1;
    } else {
      payment.settled = true;
    }
    changed_.push_back(payment.refnum);
  }
  ++open_batch_;
}

std::vector<GatewayWrite> GatewayBooks::take_writes() {
  std::ranges::sort(changed_);
  const auto repeated = std::ranges::unique(changed_);
  changed_.erase(repeated.begin(), repeated.end());
  std::vector<GatewayWrite> writes;
  for (const std::int64_t refnum : changed_) writes.push_back(*find(refnum));
  changed_.clear();
  for (GatewayWrite& write : writes_) writes.push_back(std::move(write));
  writes_.clear();
  return writes;
}

std::string duplicate_signature(const Payment& payment) {
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", payment.source_key, name(payment.kind), payment.card.fingerprint,
                     payment.asked_minor, payment.invoice, payment.orderid);
}

std::string auth_code_for(std::int64_t refnum) { return fmt::format("{:06}", refnum * 7'919 % 1'000'000); }

std::string scrambled(std::uint64_t number) {
  std::uint64_t z = number * 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return fmt::format("{:016x}", z ^ (z >> 31));
}

}  // namespace standin::rehearsal
