#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/money.h"
#include "base/time.h"

namespace standin::rehearsal {

/// An order as a shopper asks for it. The keys are empty where the request named none.
struct NewOrder {
  std::string standin_key;
  std::string idempotency_key;
  std::string request_id;
  std::string cart_id;
  std::string customer_id;
  std::string merchant_id;
  Money total;
  std::string card_token;
};

enum class OrderState : std::uint8_t {
  placing,    ///< its row is committed, its card not charged yet: a restart finishes it
  accepted,   ///< charged, and will be served
  cancelled,  ///< its charges are voided, or its card was declined
  cancelling  ///< to be cancelled: a charge at the gateway stands, or may
};

struct ShopOrder {
  std::string id;
  NewOrder asked;
  OrderState state = OrderState::placing;
  WallTime created;
};

/// What the card processor knows. It is a record apart from the order's: that is how a shop can charge twice.
struct Charge {
  std::string id;
  std::string order_id;
  std::string standin_key;
  std::string cart_id;
  Money amount;
  bool voided = false;
  WallTime made;
};

/// One change to the shop's books.
struct InsertOrder {
  ShopOrder order;
};
struct InsertCharge {
  Charge charge;
};
struct AcceptOrder {
  std::string order_id;
};
/// Cancels the order and voids every charge made for it.
struct CancelOrder {
  std::string order_id;
};
/// The order is to be cancelled once the gateway has voided its charge.
struct BeginCancelling {
  std::string order_id;
};
using Write = std::variant<InsertOrder, InsertCharge, AcceptOrder, CancelOrder, BeginCancelling>;

/// Everything the shop has written down, oldest first.
struct Books {
  std::vector<ShopOrder> orders;
  std::vector<Charge> charges;
};

/// What the shop tells its client.
struct ShopAnswer {
  enum class Kind : std::uint8_t {
    created,
    existing,
    card_failed,
    cancelled,
    not_found,
    in_doubt,  ///< the gateway has not said what became of the charge: ask again
  };
  Kind kind;
  std::optional<ShopOrder> order;  ///< of every kind but card_failed, not_found and in_doubt
};

/// What the gateway is to be asked: to charge an order's card, as often as it takes, or to void its charge.
struct AskSale {
  ShopOrder order;
};
struct AskVoid {
  std::string order_id;
  std::string charge_id;
};
using Ask = std::variant<AskSale, AskVoid>;

/// What the gateway says to it. `unknown` is everything that is neither yes nor no: an error, or silence.
struct GatewayWord {
  enum class Kind : std::uint8_t { approved, declined, unknown };
  Kind kind = Kind::unknown;
  std::string reference;  ///< the gateway's name of an approved charge
};

/// What happens next: `writes` become durable together, then the gateway is asked or `answer` is given; with neither
/// there is another step.
struct Step {
  std::vector<Write> writes;
  std::optional<ShopAnswer> answer;
  std::optional<Ask> ask;  ///< what is said to it goes to `heard`
};

/// How well the shop is made. The defaults are what an application behind standin should do.
struct ShopHabits {
  bool unique_index = true;           ///< one order per Standin-Key
  bool charge_before_commit = false;  ///< charges the card, and only then commits the order's row
  bool through_gateway = false;  ///< a gateway charges the cards, after the row's commit; else the shop itself does
};

/// One order on its way in, with the names that it will have.
struct Placement {
  NewOrder order;
  std::string order_id;
  std::string charge_id;
  WallTime at;
};

/// A card limit of 500.00, in minor units: more is declined, and so is the token `declined`.
/// A gateway has its own limits.
constexpr std::int64_t card_limit_minor = 50'000;
constexpr std::string_view declined_card_token = "declined";

/// The sample shop: values in, values out, no I/O. It only plans; whoever runs it makes each step's writes durable,
/// then calls `apply` with them, and may die anywhere between. One thread at a time.
class ShopModel {
 public:
  explicit ShopModel(Books books = {}, ShopHabits habits = {});

  void set_habits(ShopHabits habits) { habits_ = habits; }
  const ShopHabits& habits() const { return habits_; }

  /// The first step of a placement: a decline or an order that is already there is answered at once.
  Step begin(const Placement& placement) const;
  /// The last step, once the writes of `begin` are applied.
  Step finish(const Placement& placement) const;
  Step cancel(std::string_view order_id) const;
  /// The step after an `ask`. `at`: the time of what it writes.
  Step heard(const Ask& ask, const GatewayWord& word, WallTime at) const;
  /// What a shop that charges through a gateway still has to ask: for the charges of the rows that were `placing` when
  /// it began, and the voids of what is to be cancelled.
  std::vector<Ask> owed() const;
  std::vector<ShopOrder> find(std::string_view standin_key) const;

  /// What a shop that died owes: every row still `placing` is charged, unless it was, and accepted. `charge_id` names
  /// the charge of an order.
  template <class ChargeId>
  std::vector<Write> recover(ChargeId charge_id, WallTime now) const {
    std::vector<Write> writes;
    for (const ShopOrder& order : unfinished()) {
      if (!charged_.contains(order.id)) writes.push_back(InsertCharge{charge_for(order, charge_id(), now)});
      writes.push_back(AcceptOrder{order.id});
    }
    return writes;
  }

  void apply(const Write& write);

 private:
  const ShopOrder* existing(std::string_view standin_key) const;
  std::vector<ShopOrder> unfinished() const;
  Step begin_again(const ShopOrder& order) const;
  Step cancel_at_gateway(ShopOrder order) const;
  Ask undo(const ShopOrder& order) const;
  Step sold(const ShopOrder& order, const GatewayWord& word, WallTime at) const;
  Step voided(const ShopOrder& order, const GatewayWord& word) const;
  static Charge charge_for(const ShopOrder& order, std::string id, WallTime now);

  ShopHabits habits_;
  std::map<std::string, ShopOrder, std::less<>> orders_;
  std::multimap<std::string, std::string, std::less<>> ids_by_key_;
  std::map<std::string, std::string, std::less<>> charged_;  ///< order id -> its newest charge's id
  std::vector<std::string> left_behind_;                     ///< orders that were `placing` at the beginning
};

/// As the shop's API calls it. A `placing` order is "accepted": its row is committed, so it will be charged and served.
std::string_view public_status(OrderState state);

}  // namespace standin::rehearsal
