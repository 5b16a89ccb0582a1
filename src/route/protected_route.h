#pragma once

#include <atomic>
#include <memory>

#include "base/clock.h"
#include "base/policy.h"
#include "base/random.h"
#include "config/config.h"
#include "dialect/dialect.h"
#include "journal/journal.h"
#include "net/server.h"
#include "route/claims.h"
#include "route/modes.h"
#include "route/template_watch.h"
#include "route/visit.h"
#include "telemetry/metrics.h"
#include "upstream/party.h"
#include "vault/vault.h"

namespace standin {

/// What all event loops of the process share.
struct SharedPorts {
  Journal& journal;
  const Vault& vault;
  Claims& claims;
  Modes& modes;
  Metrics& metrics;
  UlidMaker& ulids;
  std::atomic<std::size_t>& listening;  ///< forwards still listened to, and commits still awaited, after their answer
  std::atomic<std::size_t>& in_flight_bytes;  ///< of request bodies held for stand-in
};

/// What one event loop has of its own.
struct LoopPorts {
  Executor executor;
  Clock& clock;
  Random& random;
};

/// One protected route on one event loop: the tour (docs/tour.md). Forwards, and when no trustworthy answer comes in
/// time, stands in. Kept alive by shared_ptr: listening for a late answer outlives the request and a reload.
class ProtectedRoute : public std::enable_shared_from_this<ProtectedRoute> {
 public:
  /// What the configuration says of one route, resolved.
  struct Setup {
    RouteConfig route;
    StandInConfig stand_in;
    Policy policy;
    std::string config_version;
    std::size_t in_flight_bytes_max = 0;
    std::shared_ptr<const Dialect> dialect;
    std::shared_ptr<Party> party;
  };

  ProtectedRoute(Setup setup, SharedPorts shared, LoopPorts loop);

  /// The tour. Called on this loop; the answer comes by the route's deadline. The caller keeps the route alive until
  /// then.
  Task<Reply> handle(Request request, std::shared_ptr<const Client> client, std::string request_id);

 private:
  using VisitPtr = std::shared_ptr<Visit>;

  // refuse
  VisitPtr arrive(Request request, std::shared_ptr<const Client> client, std::string request_id);
  std::optional<Reply> refuse(const Visit& visit);
  // claim
  Reply answer_claimed(const Visit& visit, const Claim& claim);
  Reply give_again(const Visit& visit, const Claim& claim);
  // forward
  Task<Forwarded> forward(VisitPtr visit);
  Request outbound(const Visit& visit) const;
  Reply finish(const VisitPtr& visit, Claim claim, const Forwarded& forwarded);
  bool is_last_word(const Intent& intent, const Response& answer) const;
  // decide
  bool may_promise() const;
  Decision decide_now(const Visit& visit);
  // keep
  Task<Reply> keep(VisitPtr visit, Claim claim, Forwarded forwarded, Decision decision);
  NewOrder new_order(const Visit& visit, const Forwarded& forwarded, const Decision& decision,
                     const Response& answer) const;
  std::shared_ptr<OneShot<Kept>> start_keeping(NewOrder order);
  Reply say_kept(const VisitPtr& visit, Claim claim, const Forwarded& forwarded, bool accepted, const Response& answer);
  Reply say_unavailable(const Visit& visit, const Forwarded& forwarded);
  // not standing in
  Reply pass_on(const VisitPtr& visit, const Forwarded& forwarded);
  Task<Reply> client_left(VisitPtr visit, Claim claim, Forwarded forwarded);
  Reply promise_nothing(const VisitPtr& visit, Claim claim, const Forwarded& forwarded);
  void let_go(const VisitPtr& visit, Claim claim, Outcome forwarded);

  // after the answer
  Task<> keep_durably(std::shared_ptr<ProtectedRoute> self, NewOrder order, std::shared_ptr<OneShot<Kept>> kept);
  Task<> commit_came_late(std::shared_ptr<ProtectedRoute> self, VisitPtr visit, Claim claim, Response answer,
                          Cause cause, bool accepted, std::shared_ptr<OneShot<Kept>> keeping);
  Task<> listen_late(std::shared_ptr<ProtectedRoute> self, VisitPtr visit, State state, Cause cause);
  Task<> hold_until_heard(std::shared_ptr<ProtectedRoute> self, VisitPtr visit, Claim claim);
  Task<> mark_undelivered(std::shared_ptr<ProtectedRoute> self, Ulid id, bool accepted);
  Task<> release_for_retry(std::shared_ptr<ProtectedRoute> self, Ulid id);

  /// Counts and logs the answer, the one way out of the tour.
  Reply tell(const Visit& visit, Answered how, Response response, const Forwarded* forwarded = nullptr);

  Setup setup_;
  SharedPorts shared_;
  LoopPorts loop_;
  Judge judge_;
  TemplateWatch watch_;
};

}  // namespace standin
