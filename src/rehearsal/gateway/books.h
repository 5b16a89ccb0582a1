#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rehearsal/gateway/payment.h"

namespace standin::rehearsal {

/// The gateway's books in memory, one for all locations, with a list of what is not on disk yet. No I/O.
class GatewayBooks {
 public:
  explicit GatewayBooks(GatewayRecords records = {});

  /// Adds a row. Its refnum and batch are given here, the rest of its id after the prefix that it comes
  /// with, the rest of a new intent ("pi_") and an authorization code.
  const Payment& add(Payment payment);
  /// Changes a row that is there.
  void change(std::int64_t refnum, const std::function<void(Payment&)>& how);
  const Payment* find(std::int64_t refnum) const;
  /// By "ch_...", "re_..." or transaction key.
  const Payment* find_id(std::string_view id) const;
  /// The latest of an intent.
  const Payment* find_intent(std::string_view intent) const;
  /// Refnums of one merchant's rows, oldest first.
  const std::vector<std::int64_t>& of_merchant(std::string_view source_key) const;
  /// The latest row with that duplicate signature which is approved and not voided.
  const Payment* find_duplicate(const std::string& signature) const;
  const std::deque<Payment>& payments() const { return payments_; }

  void save(SavedCard card);
  const SavedCard* find_card(std::string_view reference) const;
  void save(SavedAnswer answer);
  const SavedAnswer* find_answer(std::string_view key) const;

  int open_batch() const { return open_batch_; }
  /// Settles what is captured in the open batch and opens the next.
  void close_batch();

  /// What is to be made durable, all of it together, before anything is answered.
  std::vector<GatewayWrite> take_writes();

 private:
  void index(const Payment& payment);

  std::deque<Payment> payments_;
  std::unordered_map<std::string, std::int64_t> by_id_;
  std::unordered_map<std::string, std::int64_t> by_intent_;
  std::unordered_map<std::string, std::int64_t> by_signature_;
  std::map<std::string, std::vector<std::int64_t>, std::less<>> by_merchant_;
  std::map<std::string, SavedCard, std::less<>> cards_;
  std::unordered_map<std::string, SavedAnswer> answers_;
  int open_batch_ = 120;
  std::vector<std::int64_t> changed_;
  std::vector<GatewayWrite> writes_;
};

/// What makes two charges the same to duplicate handling: merchant, kind, card, amount, invoice and order id.
std::string duplicate_signature(const Payment& payment);

/// The six digits that the issuer gives with an approval.
std::string auth_code_for(std::int64_t refnum);

/// Sixteen hexadecimal characters that look like chance, the same for the same number.
std::string scrambled(std::uint64_t number);

}  // namespace standin::rehearsal
