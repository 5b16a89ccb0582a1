#pragma once

#include <memory>
#include <optional>
#include <string>

#include "dialect/dialect.h"
#include "journal/journal.h"
#include "route/visit.h"
#include "vault/vault.h"

namespace standin {

/// Where an order is, as far as a request about it is concerned.
enum class Stage {
  open,       ///< said yes, not collected yet
  collected,  ///< the party has it, under its own reference
  voiding,    ///< collected, and a void that its client asked for may have been granted
  withdrawn,  ///< or to be
  nothing,    ///< nothing was, or will be, collected
};

/// The orders in the journal that later requests are about, as one route's clients name them. Read alone; any thread.
class OwnOrders {
 public:
  OwnOrders(Journal& journal, const Vault& vault, std::shared_ptr<const Dialect> dialect)
      : journal_(journal), vault_(vault), dialect_(std::move(dialect)) {}

  /// The visit names an order by a reference of ours, whether or not there is one.
  bool is_named(const Visit& visit) const;
  /// That order, of the same tenant alone: nobody can see or undo another's.
  Result<std::optional<OrderRow>> named(const Visit& visit) const;
  /// The order whose own reference at `upstream` the visit names.
  Result<std::optional<OrderRow>> named_as_at(const std::string& upstream, const Visit& visit) const;
  Result<Stage> stage(const OrderRow& order) const;

  /// Our answer to the request, were it granted; the dialect's own no where it asks for what cannot be, such as for
  /// more than is left. What the visit's own order, if any, did is not counted.
  Result<Response> answer(const Visit& visit, const OrderRow& order, WallTime now) const;
  /// The request without the client's wire format; an error if it cannot be expressed so.
  Result<Amendment> amendment(const Visit& visit, const OrderRow& order) const;
  /// A refund or capture was granted, and the party has not had it: it would not count it.
  Result<bool> any_waits(const OrderRow& order) const;

 private:
  struct Kept {
    Request request;
    Response answer;
  };
  Result<Request> request_of(const Ulid& order) const;
  Result<Kept> read(const OrderRow& order) const;
  Result<OwnOrder> known(const Visit& visit, const OrderRow& order, const Kept& kept) const;

  Journal& journal_;
  const Vault& vault_;
  std::shared_ptr<const Dialect> dialect_;
};

}  // namespace standin
