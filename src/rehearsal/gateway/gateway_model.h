#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "rehearsal/gateway/gateway_state.h"
#include "rehearsal/seeded_random.h"

namespace standin::rehearsal {

/// What goes back to the client, and how.
struct GatewayAnswer {
  enum class Delivery : std::uint8_t {
    whole,
    hang,      ///< nothing, and the connection stays open
    reset,     ///< nothing, and the connection is reset
    truncate,  ///< half of the body, then the connection's end
    twice,
  };
  Response response;
  Delivery delivery = Delivery::whole;
};

/// What happens next with one request: `writes` become durable together; then its answer goes out, or `next` is called
/// again after `wait`.
struct GatewayStep {
  std::vector<GatewayWrite> writes;
  Duration wait{};
  std::optional<GatewayAnswer> answer;
};

/// A request on its way through the gateway.
struct GatewayExchange {
  enum class Stage : std::uint8_t {
    arrived,
    dispatched,  ///< the issuer is about to be asked: the last moment at which nothing has happened
    decided,     ///< its answer is here: the ledger changes now
    answering,
  };
  GatewayArrival arrival;
  GatewayWork work;
  Stage stage = Stage::arrived;
  Duration response_time{};  ///< half of it before the ledger, half after
  std::optional<GatewayFault> fault;
  GatewayAnswer answer;
};

/// The simulated payment gateway: several locations, one ledger. Values in, values out: it has no clock, does no I/O,
/// and the same seed and calls give the same answers. Requests interleave between calls of `next`; what it did is
/// undone by nothing but later requests, also if the caller never calls `next` again. One thread at a time.
class GatewayModel {
 public:
  GatewayModel(GatewaySettings settings, GatewayRecords records, std::uint64_t seed);

  GatewayExchange arrive(GatewayArrival arrival);
  /// The next step, at time `now`; not to be called once a step had an answer.
  GatewayStep next(GatewayExchange& exchange, WallTime now);

  const GatewaySettings& settings() const { return state_->settings; }
  const GatewayBooks& books() const { return state_->books; }
  /// Of each source key.
  const std::map<std::string, SearchCount, std::less<>>& searches() const { return state_->searches; }
  const std::vector<GatewayFault>& faults() const { return state_->faults.all(); }
  void set_faults(std::vector<GatewayFault> faults) { state_->faults = GatewayFaults(std::move(faults)); }
  /// The keys and locations stay as they are.
  void change_settings(GatewaySettings settings);
  /// Whether a location, from 0, takes no connections.
  bool refuses(std::size_t location) const;
  /// Closes the open batch; what is to be made durable.
  std::vector<GatewayWrite> close_batch();

 private:
  GatewayWork understand(const GatewayArrival& arrival);
  GatewayWork ping(const GatewayArrival& arrival) const;
  GatewayStep begin(GatewayExchange& exchange, WallTime now);
  static GatewayStep strike(GatewayExchange& exchange);
  GatewayStep ask_issuer(GatewayExchange& exchange, WallTime now);
  GatewayStep decide(GatewayExchange& exchange, WallTime now);
  GatewayStep give(GatewayExchange& exchange, WallTime now);

  std::unique_ptr<GatewayState> state_;  ///< work in progress refers to it
  SeededRandom chance_;
};

}  // namespace standin::rehearsal
