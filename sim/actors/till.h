#pragma once

#include <string>

#include "sim/actors/shopper.h"

namespace standin::sim {

/// A cashier's terminal in front of a gateway of the USAePay kind, docs/dialect-usaepay.md. It sends no key: the
/// reference, amount, command and card make the intent.
class TillShopper final : public Shopper {
 public:
  /// `source_key`: the merchant's UMkey; one without a PIN.
  explicit TillShopper(std::string source_key) : source_key_(std::move(source_key)) {}
  Side side() const override { return Side::till; }
  Wish draw(std::size_t number, Random& random, const Taste& taste) const override;
  Request sale(const Wish& wish) const override;
  Request change(const Wish& wish, const Change& change) const override;
  bool can(const Wish& wish, std::string_view what) const override;
  Wish with_other_key(Wish wish) const override;
  Wish with_other_payload(Wish wish) const override;

 private:
  std::string source_key_;
};

/// A merchant's server in front of a gateway of the Stripe kind, docs/dialect-stripe.md.
class StripeShopper final : public Shopper {
 public:
  explicit StripeShopper(std::string api_key) : authorization_("Bearer " + api_key) {}
  Side side() const override { return Side::payments; }
  Wish draw(std::size_t number, Random& random, const Taste& taste) const override;
  Request sale(const Wish& wish) const override;
  Request change(const Wish& wish, const Change& change) const override;
  bool can(const Wish& wish, std::string_view what) const override;
  Wish with_other_key(Wish wish) const override;
  Wish with_other_payload(Wish wish) const override;

 private:
  Request post(std::string target, std::string body, const std::string& key) const;

  std::string authorization_;
};

}  // namespace standin::sim
