#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"

namespace standin::rehearsal {

/// What a request to the gateway is about.
enum class GatewayAsk : std::uint8_t {
  charge,  ///< money, or a hold on it
  change,  ///< of an earlier charge: capture, void, refund, adjust
  search,  ///< reads, REST, SOAP and lists
  ping,
};

/// One thing that is wrong with the gateway, and for whom.
struct GatewayFault {
  enum class Kind : std::uint8_t {
    hang,       ///< never answers, and keeps the connection open
    reset,      ///< resets the connection
    status,     ///< answers the HTTP status `status`: before with a page of its own, after with the body as it was
    error,      ///< answers the vendor's error `error`: an acquirer is gone; a repeat gets the first answer
    truncate,   ///< half of the answer's body, then the end of the connection
    duplicate,  ///< the answer twice
    late,       ///< only `late`
    refuse,     ///< the location's port is closed and its connections are cut
    down,       ///< the location's ping says DOWN
    skew,       ///< the location's clock is `skew` ahead: Date and every time that it tells
  };
  /// Where in the ledger it strikes: nothing has happened, or everything has, and only the answer is missing.
  enum class Moment : std::uint8_t { before, after };

  Kind kind = Kind::late;
  Moment at = Moment::before;
  int status = 500;
  std::string error = "09001";
  Duration late{};  ///< authorization happens this much later, whatever `kind` is
  Duration skew{};

  // Whom it hits; what is empty or 0 hits everybody.
  std::optional<GatewayAsk> ask = GatewayAsk::charge;  ///< nothing: every request
  std::size_t location = 0;                            ///< from 1
  std::string country;                                 ///< of the merchant
  std::int64_t amount_minor = 0;
  std::string card_last4;
  double fraction = 1;     ///< of the requests that it would hit, drawn by chance
  std::int64_t count = 0;  ///< requests that it still hits; 0 is no limit

  /// `refuse`, `down` and `skew` are how a location is; the others strike single requests.
  bool is_condition() const { return kind == Kind::refuse || kind == Kind::down || kind == Kind::skew; }
};

/// The facts of a request that a fault may be limited to.
struct FaultTarget {
  GatewayAsk ask = GatewayAsk::search;
  std::size_t location = 0;  ///< from 0
  std::string_view country;
  std::int64_t amount_minor = 0;
  std::string_view card_last4;
};

/// The faults of the moment, in their order; the first that fits a request strikes it.
class GatewayFaults {
 public:
  GatewayFaults() = default;
  explicit GatewayFaults(std::vector<GatewayFault> faults) : faults_(std::move(faults)) {}

  /// The fault that strikes this request, counted.
  std::optional<GatewayFault> strike(const FaultTarget& target, Random& chance);
  /// The location, from 0, is in that condition.
  bool is(GatewayFault::Kind condition, std::size_t location) const;
  Duration skew(std::size_t location) const;
  const std::vector<GatewayFault>& all() const { return faults_; }

 private:
  std::vector<GatewayFault> faults_;
};

/// A JSON array of objects such as
///   {"fault": "reset", "at": "after", "ask": "charge", "count": 1, "location": 2, "country": "GB",
///    "amount_minor": 2500, "card_last4": "2224", "late_ms": 45000, "status": 503, "error": "00027",
///    "skew_ms": 90000, "fraction": 0.5}
/// "ask" may be "any"; an object alone is an array of one. Errors name the member.
Result<std::vector<GatewayFault>> gateway_faults_from_json(std::string_view json);
std::string to_json(const std::vector<GatewayFault>& faults);

}  // namespace standin::rehearsal
