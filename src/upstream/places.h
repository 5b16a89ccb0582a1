#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

namespace standin {

class Metrics;

/// The places of one upstream among those in flight, over all its targets and all event loops, and the budget of its
/// retries. Any thread.
class Places {
 public:
  explicit Places(std::string upstream = {}, Metrics* metrics = nullptr)
      : upstream_(std::move(upstream)), metrics_(metrics) {}

  /// Takes one of `limit` places; false if there is none.
  bool enter(unsigned limit);
  void leave();

  /// Takes a retry's place beside the request's own; false if the budget is used up (limits::retry_share).
  bool enter_retry();
  void leave_retry();

  /// Another target is tried; `after`: "not_sent", "not_done" or "unknown", what the attempt before came to.
  void count_retry(std::string_view after) const;

 private:
  std::string upstream_;
  Metrics* metrics_;
  std::atomic<unsigned> taken_ = 0;
  std::atomic<unsigned> retries_ = 0;
};

/// A place among those in flight, given back when the exchange has really ended, or its event loop died.
template <class Counted>
class Held {
 public:
  explicit Held(std::shared_ptr<Counted> counted) : counted_(std::move(counted)) {}
  Held(Held&& other) noexcept = default;
  ~Held() {
    if (counted_) counted_->leave();
  }

 private:
  std::shared_ptr<Counted> counted_;
};

/// The same for a retry, if there was room for one.
class HeldRetry {
 public:
  /// Asks for a place only if `wanted`.
  HeldRetry(bool wanted, std::shared_ptr<Places> places)
      : places_(std::move(places)), held_(wanted && places_->enter_retry()), refused_(wanted && !held_) {}
  ~HeldRetry() {
    if (held_) places_->leave_retry();
  }
  HeldRetry(const HeldRetry&) = delete;
  HeldRetry& operator=(const HeldRetry&) = delete;

  bool refused() const { return refused_; }

 private:
  std::shared_ptr<Places> places_;
  bool held_, refused_;
};

}  // namespace standin
