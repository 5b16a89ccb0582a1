#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"
#include "net/message.h"

namespace standin::sim {

/// Which of standin's doors a client comes through.
enum class Side : std::uint8_t {
  shop,      ///< an application's `POST /orders`, JSON
  till,      ///< a gateway's `POST /gate`, form
  payments,  ///< a gateway's `/v1`, of the Stripe kind
};
/// As `Purchase::side` spells it.
std::string_view name(Side side);

/// What is to be paid for, and how, as it is asked for.
struct Wish {
  std::string name;  ///< the merchant's own reference
  std::string key;   ///< Idempotency-Key; "" where the facts are the key
  std::string customer;
  std::string card;  ///< number; a token at the shop
  std::int64_t amount_minor = 0;
  std::string invoice;        ///< digits
  std::string zip = "10001";  ///< part of the payload, and of no key
  bool hold = false;          ///< authorized now, to be captured later
  bool partial = false;       ///< an approval of less is welcome
  bool intent = false;        ///< at `payments`: an intent, else a charge
};

/// A later request about a charge, by the reference that the shopper was given (see `hear`).
struct Change {
  std::string_view what;  ///< "void", "refund", "capture" or "read"
  std::string reference;
  std::int64_t amount_minor = 0;
  std::string key;  ///< as in Wish
};

/// What wishes are drawn with.
struct Taste {
  bool slow_cards = false;  ///< some cards are approved after seconds
};

/// One kind of client: what it asks for, and how it writes that. No state, no I/O.
class Shopper {
 public:
  virtual ~Shopper() = default;
  virtual Side side() const = 0;
  /// The `number`th wish of the run.
  virtual Wish draw(std::size_t number, Random& random, const Taste& taste) const = 0;
  virtual Request sale(const Wish& wish) const = 0;
  /// Of what this kind of client can ask; see `can`.
  virtual Request change(const Wish& wish, const Change& change) const = 0;
  virtual bool can(const Wish& wish, std::string_view what) const = 0;
  /// The same purchase as another intent of the shopper's: both may be charged.
  virtual Wish with_other_key(Wish wish) const = 0;
  /// The same key, or facts, with something else asked for.
  virtual Wish with_other_payload(Wish wish) const = 0;
};

/// Wants orders of the sample shop: docs/examples/standin.toml's route "orders". A placed order is not changed.
class ShopShopper final : public Shopper {
 public:
  Side side() const override { return Side::shop; }
  Wish draw(std::size_t number, Random& random, const Taste& taste) const override;
  Request sale(const Wish& wish) const override;
  Request change(const Wish& wish, const Change& change) const override;
  bool can(const Wish&, std::string_view) const override { return false; }
  Wish with_other_key(Wish wish) const override;
  Wish with_other_payload(Wish wish) const override;
};

/// What wishes of every side have in common.
Wish draw_common(std::size_t number, Random& random);
/// True with that probability, in [0, 1].
bool chance(Random& random, double share);
std::int64_t between(Random& random, std::int64_t least, std::int64_t most);

}  // namespace standin::sim
