#pragma once

#include <atomic>
#include <memory>
#include <variant>

#include "base/clock.h"
#include "base/policy.h"
#include "base/random.h"
#include "config/config.h"
#include "dialect/dialect.h"
#include "journal/journal.h"
#include "net/server.h"
#include "route/claims.h"
#include "route/lookalikes.h"
#include "route/modes.h"
#include "route/own_orders.h"
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
  Lookalikes& lookalikes;
  Modes& modes;
  Metrics& metrics;
  UlidMaker& ulids;
  std::atomic<std::size_t>& listening;  ///< forwards still listened to, and commits still awaited, after their answer
  std::atomic<std::size_t>& in_flight_bytes;  ///< of request bodies held for stand-in
  /// Requests of protected routes under way, until it is known whether their answers arrived; not counted without.
  std::atomic<std::size_t>* visits = nullptr;
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
  /// One of the route's parties, in the order in which they are tried.
  struct PartyLink {
    std::shared_ptr<Party> party;
    std::shared_ptr<const Dialect> dialect;  ///< the party's
    Credential credential;                   ///< for charges that are carried over to it
  };

  /// What the configuration says of one route, resolved.
  struct Setup {
    RouteConfig route;
    StandInConfig stand_in;
    Policy policy;
    std::string config_version;
    std::size_t in_flight_bytes_max = 0;
    std::shared_ptr<const Dialect> dialect;  ///< the clients', and the first party's
    std::vector<PartyLink> parties;
  };

  ProtectedRoute(Setup setup, SharedPorts shared, LoopPorts loop);

  /// The tour. Called on this loop; the answer comes by the route's deadline. The caller keeps the route alive until
  /// then.
  Task<Reply> handle(Request&& request, std::shared_ptr<const Client> client, std::string request_id);

 private:
  using VisitPtr = std::shared_ptr<Visit>;
  using Keeping = std::shared_ptr<OneShot<Kept>>;

  Task<Reply> tour(VisitPtr visit);

  // refuse
  VisitPtr arrive(Request&& request, std::shared_ptr<const Client> client, std::string request_id);
  Intent taken_for(const Intent& intent, const RequestReading& reading, Instant arrived);
  bool restore_lookalikes();
  bool folds(const RequestReading& reading) const;
  std::optional<Reply> refuse(const Visit& visit);
  Response refusal(const Visit& visit, Refusal why) const;
  // claim
  Reply answer_claimed(const Visit& visit, const Claim& claim);
  Reply give_again(const Visit& visit, const Claim& claim);
  Reply reuse_of_key(const VisitPtr& visit, Claim claim, const Forwarded& forwarded);
  void send_key(Visit& visit) const;
  std::optional<Reply> asked_again(const Visit& visit);
  Reply left_early(const Visit& visit);
  Reply tell_unheard(const Visit& visit, const Ulid& id);
  // about an order of ours (about_ours.cc)
  struct Named {
    OrderRow order;
    Stage stage = Stage::nothing;
  };
  Intent taken_about(Intent intent, const RequestReading& reading) const;
  Result<std::optional<Named>> named_order(const Visit& visit) const;
  Task<std::optional<Reply>> answer_about_ours(VisitPtr visit, Claim& claim);
  Task<std::optional<Reply>> answer_at_stage(VisitPtr visit, Claim& claim, OrderRow order, Stage stage);
  Task<std::optional<Reply>> answer_collected(VisitPtr visit, Claim& claim, OrderRow order);
  std::optional<Reply> pass_to_party(Visit& visit, const OrderRow& order);
  Task<bool> take_turn(VisitPtr visit, OrderRow order);
  Task<bool> begin_void(VisitPtr visit, OrderRow order);
  std::optional<Reply> pass_void(VisitPtr visit, OrderRow order);
  Task<Applied> withdraw(Ulid order);
  Task<std::optional<Reply>> answer_as_is(VisitPtr visit, Claim claim, OrderRow order);
  Task<std::optional<Reply>> keep_behind(VisitPtr visit, Claim claim, OrderRow order);
  Reply reject(const Visit& visit, Refusal why);
  // forward (forward.cc)
  bool is_written_first(const Visit& visit) const;
  Task<std::optional<Reply>> write_down(VisitPtr visit, Claim& claim);
  Task<std::optional<Reply>> take_up(VisitPtr visit, Ulid order);
  Task<> written_too_late(std::shared_ptr<ProtectedRoute> self, VisitPtr visit, Claim claim, Keeping keeping);
  Task<Forwarded> forward(VisitPtr visit);
  bool may_move(const Visit& visit) const;
  Forwarded understood(const Visit& visit, Forwarded&& forwarded) const;
  bool is_of_undone(const Visit& visit, const Judgement& judgement) const;
  Task<bool> binds(VisitPtr visit, std::size_t party);
  void send(Visit& visit, Request&& request);
  Task<Forwarded> listen(VisitPtr visit);
  std::optional<Request> outbound(Visit& visit, std::size_t party);
  std::optional<Duration> reverse_after(Visit& visit, const Dialect& party);
  bool may_repeat(const Visit& visit, const UpstreamConfig& party) const;
  Response in_clients_words(const Visit& visit, const Forwarded& forwarded) const;
  AnswerPtr answer_of(const Visit& visit, const Forwarded& forwarded) const;
  Response amended(const Visit& visit, Outcome outcome) const;
  Task<Reply> finish(VisitPtr visit, Claim& claim, const Forwarded& forwarded);
  Reply say_partys_word(const VisitPtr& visit, Claim& claim, const Forwarded& forwarded, const AnswerPtr& answer,
                        bool gone, bool recorded);
  bool ends_doubt(const Visit& visit, Outcome outcome) const;
  bool is_last_word(const Intent& intent, const Judgement& judgement) const;
  // decide
  void reckon_with_forgotten(Visit& visit, Forwarded& forwarded);
  bool may_promise() const;
  bool would_accept(Visit& visit);
  Decision decide_now(const Visit& visit);
  // keep (keep.cc)
  Task<Reply> keep(VisitPtr visit, Claim& claim, const Forwarded& forwarded, Decision decision);
  bool may_have_been_told(const Visit& visit, const Forwarded& forwarded) const;
  NewOrder new_order(const Visit& visit, const Forwarded& forwarded, const Decision& decision,
                     const Response* answer) const;
  Conclusion own_word(const Visit& visit, const Forwarded& forwarded, const Decision& decision,
                      const Response& answer) const;
  Conclusion partys_word(const Visit& visit, const Forwarded& forwarded, const Response& answer) const;
  Keeping start_keeping(std::variant<NewOrder, Conclusion> what);
  Keeping start_keeping(const Visit& visit, const Forwarded& forwarded, const Response& answer);
  Keeping start_keeping(const Visit& visit, const Forwarded& forwarded, const Decision& decision,
                        const Response& answer);
  Reply say_kept(const VisitPtr& visit, Claim claim, const Forwarded& forwarded, bool accepted,
                 const AnswerPtr& answer);
  Reply say_unavailable(const Visit& visit, const Forwarded& forwarded);
  // not standing in
  Reply pass_on(const VisitPtr& visit, Claim claim, const Forwarded& forwarded);
  Task<Reply> client_left(VisitPtr visit, Claim& claim, const Forwarded& forwarded);
  Reply promise_nothing(const VisitPtr& visit, Claim claim, const Forwarded& forwarded);
  void doubt(const Visit& visit);
  void let_go(const VisitPtr& visit, Claim claim, const Forwarded& forwarded);

  // after the answer
  Task<> keep_durably(std::shared_ptr<ProtectedRoute> self, std::variant<NewOrder, Conclusion> what, Keeping kept);
  Task<> commit_came_late(std::shared_ptr<ProtectedRoute> self, VisitPtr visit, Claim claim, AnswerPtr answer,
                          Forwarded forwarded, bool accepted, Keeping keeping);
  Task<> listen_late(std::shared_ptr<ProtectedRoute> self, VisitPtr visit, State state, Cause cause);
  Task<> hold_until_heard(std::shared_ptr<ProtectedRoute> self, VisitPtr visit, Claim claim);
  Task<> nobody_was_told(std::shared_ptr<ProtectedRoute> self, VisitPtr visit, Claim claim, Forwarded forwarded);
  std::shared_ptr<Event> note_void_later(const VisitPtr& visit, const Forwarded& forwarded);
  Task<> note_void(std::shared_ptr<ProtectedRoute> self, VisitPtr visit, Forwarded forwarded,
                   std::shared_ptr<Event> noted);
  void not_delivered(const DeliveriesPtr& deliveries);
  Task<> mark_undelivered(std::shared_ptr<ProtectedRoute> self, Claim claim, Ulid id);
  Task<> release_for_retry(std::shared_ptr<ProtectedRoute> self, DeliveriesPtr deliveries);
  static Judgement judged(const Visit& visit, const Forwarded& forwarded);
  Task<Applied> record(VisitPtr visit, State from, Forwarded forwarded, std::string who);

  /// Counts and logs the answer, the one way out of the tour.
  Reply tell(const Visit& visit, Answered how, Response response, const Forwarded* forwarded = nullptr);

  const PartyLink& party_of(const Visit& visit) const { return setup_.parties[visit.party]; }

  Setup setup_;
  SharedPorts shared_;
  LoopPorts loop_;
  OwnOrders own_;
  TemplateWatch watch_;
};

}  // namespace standin
