#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/facts.h"
#include "base/result.h"
#include "base/ulid.h"
#include "dialect/dialect.h"
#include "net/server.h"
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
  Intent intent;
  Mode mode = Mode::automatic;

  Instant arrived;
  Instant answer_by;     ///< end of forwarding
  Instant listen_until;  ///< end of listening for a late answer
  Instant deadline;      ///< the client has its answer by then
  WallTime arrived_wall{};

  std::shared_ptr<Delivery> delivery;  ///< the live forward; none if it was not tried
  bool unheard = false;                ///< the forward had not ended at answer_by: its answer is still to come

  AnswerContext context(WallTime now) const {
    static const Facts none;
    return {request, facts ? *facts : none, reference, request_id, intent.key, id, now};
  }
};

}  // namespace standin
