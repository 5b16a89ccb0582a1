#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "rehearsal/faults.h"
#include "rehearsal/shop_charge.h"

namespace standin::rehearsal {

struct ShopOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0 picks one
  std::string ledger = "shop-ledger.db";
  Faults faults;  ///< to start with
  /// Who charges the cards: nobody, so that the shop only writes down that it did; or a gateway, once the order's row
  /// is committed. Then a decline cancels the order (422), and without a definite answer (500) the row stays `placing`
  /// until the same Standin-Key, or the next start, asks again.
  std::optional<ChargeAccount> charge;
};

/// The sample shop as a real HTTP server with a ledger on disk:
///   POST /orders               201 with the order, 409 with the order of that Standin-Key that is there, 422 card
///   failed GET /orders?key=           the orders of a Standin-Key POST /orders/{id}/cancel   cancels it and voids its
///   charges, as often as asked GET /ping                  "UP:shop" GET /faults, PUT /faults   what is wrong with it
///   right now; never faulted itself
/// It writes its bytes onto plain sockets, not through HttpServer, because misbehaving means bytes that no decent
/// server sends. One event loop; every member is called on its thread.
class Shop {
 public:
  /// Opens the ledger, finishes what a shop that died left half done, and listens.
  static Result<Shop> open(Executor executor, const ShopOptions& options);
  Shop(Shop&&) noexcept;
  ~Shop();

  std::uint16_t port() const;
  /// As PUT /faults.
  Result<void> set_faults(const Faults& faults);
  /// Stops accepting, answers what is in flight (not what hangs), closes; whatever is left after `within` is cut off.
  Task<> stop(Duration within);

 private:
  struct State;
  explicit Shop(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

/// `standin sim shop`: prints "listening on 127.0.0.1:PORT" on standard output, and serves until SIGTERM or SIGINT.
/// Returns the exit status.
int run_shop(const ShopOptions& options);

/// The exit status of a shop that `die` killed.
constexpr int died_exit_status = 86;

}  // namespace standin::rehearsal
