#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/facts.h"
#include "base/result.h"
#include "base/ulid.h"
#include "dialect/dialect.h"
#include "journal/journal.h"
#include "net/server.h"
#include "risk/decide.h"
#include "route/claims.h"
#include "upstream/party.h"

namespace standin {

/// One request on its way through the tour. Shared with what outlives the answer: late listening, a late commit.
struct Visit {
  Request request;
  std::shared_ptr<const Client> client;
  std::string request_id;
  Ulid id;                ///< the order's, if it becomes one
  std::string reference;  ///< ours, as given to the client in stand-in
  Result<Facts> facts;
  Operation operation = Operation::charge;
  std::string about;                 ///< the reference that a capture, void, refund or read names
  bool repeat_is_recognised = true;  ///< as far as the request goes: RequestReading
  Intent intent;
  bool folds = false;  ///< without a key, it may be taken for the same as another that looks alike
  Mode mode = Mode::automatic;

  Instant arrived;
  Instant answer_by;     ///< end of forwarding
  Instant listen_until;  ///< end of listening for a late answer
  Instant deadline;      ///< the client has its answer by then
  WallTime arrived_wall{};
  WallTime created{};  ///< of the order: arrival, or that of the first request of the same key that wrote it down

  /// The right to say what became of the order, where it was written before it was sent.
  std::optional<Lease> written;
  bool taken_up = false;  ///< it was written by an earlier request of the same key, whose attempt may stand
  /// What the decision goes by, where the party had to be told before it was asked what it would be.
  std::optional<Counters> counted;

  std::size_t party = 0;                ///< which of the route's parties it was last sent to
  std::optional<std::size_t> bound_to;  ///< the only one that it may be sent to
  std::shared_ptr<Delivery> delivery;   ///< the live forward; none if it was not tried
  /// Of the last answer to it; apart from the visit, which keeps the connection.
  std::shared_ptr<Judgement> heard = std::make_shared<Judgement>();
  /// An earlier request of the same key, of which no record tells, may have happened.
  std::optional<Claims::Doubt> doubted;
  bool unheard = false;  ///< the forward had not ended at answer_by: its answer is still to come

  /// What is asked of another party than the client's own, about a charge that it has.
  struct Amends {
    OrderRow charge;
    Amendment what;
  };
  std::unique_ptr<Amends> amends;
  std::optional<Lease> voids;   ///< the right to say what became of the void of a charge that a party has
  std::unique_ptr<Claim> turn;  ///< to be counted among what is asked about one charge, until it is durable

  bool is_charge() const { return operation == Operation::charge; }

  std::optional<Money> asked() const { return facts ? facts->amount : std::nullopt; }

  AnswerContext context(WallTime now) const {
    static const Facts none;
    return {request, facts ? *facts : none, reference, request_id, intent.key, id, now};
  }
};

}  // namespace standin
