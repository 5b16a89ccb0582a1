#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "net/message.h"
#include "rehearsal/gateway/books.h"
#include "rehearsal/gateway/gateway_faults.h"
#include "rehearsal/gateway/response_time.h"

namespace standin::rehearsal {

constexpr std::int64_t day_ms = 86'400'000;

enum class DuplicateMode : std::uint8_t { none, reject, fold };

/// A merchant's key: UMkey, or the bearer token on the Stripe side.
struct SourceKey {
  std::string key;
  std::string pin;  ///< empty: UMhash is not asked for
  std::string country = "US";
  std::string currency = "USD";
  DuplicateMode duplicates = DuplicateMode::none;
  Duration duplicate_window = std::chrono::minutes(10);
  Duration timeout{};                 ///< auto-reversal for requests that ask for none; 0 is none
  bool refunds_settled_only = false;  ///< a refund before its charge's batch closed is error 00114
};

/// How the gateway is set up. All of it but the keys may be changed while it runs.
struct GatewaySettings {
  std::vector<SourceKey> keys;
  std::vector<std::string> clusters = {"ca401"};  ///< what each location's ping names
  std::vector<ResponseTime> response_times;       ///< of each location; the last holds for the rest
  Duration index_lag{};                           ///< until a charge appears in searches and lists
  int searches_per_minute = 0;                    ///< of one key; 0 is no limit
  int searches_per_day = 0;
  std::chrono::minutes timezone = std::chrono::hours(-8);  ///< of the REST and SOAP side's times, east of UTC
};

/// Searches of one key in the minute and the day.
struct SearchCount {
  std::int64_t minute = 0;
  std::int64_t day = 0;
  int in_minute = 0;
  int in_day = 0;
  int most_in_minute = 0;
  std::int64_t asked = 0, refused = 0;  ///< since the start
};

/// What the sides of the gateway (form, REST, SOAP, Stripe-style) share.
struct GatewayState {
  GatewaySettings settings;
  GatewayFaults faults;
  GatewayBooks books;
  std::set<std::string, std::less<>> in_flight;  ///< duplicate signatures and idempotency keys being worked on
  std::map<std::string, SearchCount, std::less<>> searches;
  std::uint64_t requests = 0;

  const SourceKey* find_key(std::string_view key) const;
  /// False once the key has used up its searches of this minute or day; counts this one.
  bool may_search(const std::string& key, WallTime now);
  /// A charge of that time is listed by now.
  bool listed(const Payment& payment, WallTime now) const { return payment.made + settings.index_lag <= now; }
  /// What the clock of a location says, for times that it tells.
  WallTime clock_of(std::size_t location, WallTime now) const;
};

/// One request as it arrived.
struct GatewayArrival {
  std::size_t location = 0;  ///< from 0
  Request request;
  WallTime at;
};

/// A request understood: whom a fault may hit, and what is to be done when. The functions refer to the state, which
/// outlives them.
struct GatewayWork {
  GatewayAsk ask = GatewayAsk::search;
  std::string country;
  std::int64_t amount_minor = 0;
  std::string card_last4;
  Duration processing{};                  ///< of the issuer, between the last chance to refuse and the ledger
  std::optional<Duration> reverse_after;  ///< from its arrival: what is later is reversed
  bool begins = true;                     ///< false: refused before anything began, so that nothing is remembered
  /// Takes what no other request may work on, or has the answer already: a repeat.
  std::function<std::optional<Response>(WallTime now)> claim;
  /// Does it, and answers. `late`: after `reverse_after`.
  std::function<Response(WallTime now, bool late)> perform;
  /// Gives up what was claimed, and answers with one of the vendor's errors in this side's own shape.
  std::function<Response(std::string_view error)> fail;
};

/// Work that only answers.
GatewayWork answered(GatewayAsk ask, Response response);
Response gateway_response(int status, std::string_view content_type, std::string body);
/// "2026-11-22 06:30:00", without a zone, as the REST and SOAP sides tell times.
std::string local_time(WallTime time, std::chrono::minutes timezone);
/// The vendor's message for one of its error codes.
std::string vendor_message(std::string_view code);

}  // namespace standin::rehearsal
