#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cache/cache_control.h"
#include "config/config.h"
#include "net/message.h"

/// What may be kept, for how long, and for whom (RFC 9111, RFC 5861): values in, values out.
namespace standin {

/// A request, as far as a cache is concerned.
struct Question {
  /// Why neither it nor its answer is the cache's business: "method", "range", "body", "condition" or "override"; empty
  /// if they are.
  std::string_view bypass;
  std::string key;  ///< what is asked for: scheme, host and target, as far as the request says them
  CacheControl says;
  bool authorized = false;  ///< it has Authorization
  bool personal = false;    ///< it has cookies
};
Question question_of(const Request& request);
/// The key of a GET for the same target.
std::string cache_key(const Request& request);

/// What an answer allows to be done with it.
struct Terms {
  Duration age{};                     ///< when it arrived
  Duration lifetime{};                ///< of freshness, from age zero on
  Duration stale_while_revalidate{};  ///< after that
  Duration stale_if_error{};          ///< after that
  bool always_validate = false;       ///< `no-cache`
  bool for_authorized = false;        ///< also for requests with Authorization (RFC 9111, 3.5)
  bool operator==(const Terms&) const = default;
};

/// Nothing if `answer`, which came `took` after it was asked for, must not be kept. The configuration's times are for
/// what the answer does not say itself. `wall` stands for a Date that is missing.
std::optional<Terms> terms_of(const Question& question, const Response& answer, const CacheConfig& config,
                              Duration took, WallTime wall);

/// The fields that Vary names, with the values that the answered request had; nothing in the second if it had none.
using Varying = std::vector<std::pair<std::string, std::optional<std::string>>>;
/// Nothing if no other request can be known to mean the same (`Vary: *`).
std::optional<Varying> varying_of(const Headers& request, const Headers& answer);
bool matches(const Varying& varying, const Headers& request);

/// An answer that is kept; it never changes, and any number of threads may give it out.
struct KeptAnswer {
  int status = 0;
  Headers headers;
  std::shared_ptr<const std::string> body;
  Terms terms;
  Varying varying;
  Instant arrived;

  /// When its upstream last failed to refresh it; a hint between threads, not part of what it is.
  mutable std::atomic<Instant::rep> failed_at = Instant::min().time_since_epoch().count();

  Duration age(Instant now) const { return terms.age + (now - arrived); }
  bool can_be_validated() const { return headers.has("ETag") || headers.has("Last-Modified"); }
  /// What it costs to keep.
  std::size_t bytes() const;
};

/// The answer without what concerns one exchange alone. `response.body` becomes the kept one's.
std::shared_ptr<const KeptAnswer> keep(Response response, Terms terms, Varying varying, Instant arrived, WallTime wall);
/// The kept answer with what a 304 says of it, new terms included (RFC 9111, 4.3.4); the body is shared.
std::shared_ptr<const KeptAnswer> freshened(const KeptAnswer& kept, const Response& not_modified, Terms terms,
                                            Instant arrived, WallTime wall);
/// The head that a kept one would have after that 304, to read its terms from.
Response head_after(const KeptAnswer& kept, const Response& not_modified);
/// False if a 304 speaks of another answer than the kept one.
bool speaks_of(const Response& not_modified, const KeptAnswer& kept);

/// How a kept answer may be used for a request.
enum class Use {
  fresh,       ///< as it is
  stale,       ///< as it is, while it is refreshed behind the client's back
  validation,  ///< only if the upstream says that it still holds, or fails
};
Use use_of(const KeptAnswer& kept, const CacheControl& asked, Instant now);
/// Whether it may be given while the upstream fails. What the request says against stale answers does not count then: a
/// client that presses "reload" gets the page, not the outage.
bool usable_on_error(const KeptAnswer& kept, Instant now);

/// Replaces the request's conditions by the kept answer's own validators.
void make_conditional(Headers& request, const KeptAnswer& kept);
void remove_conditions(Headers& request);
/// Whether the client that sent `request` has what `answer`, a 200, describes (RFC 9110, 13.2.2).
bool client_has_it(const Headers& request, const Headers& answer);

}  // namespace standin
