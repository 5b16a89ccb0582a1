#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "cache/cache.h"
#include "config/config.h"
#include "net/server.h"
#include "telemetry/metrics.h"
#include "upstream/party.h"

namespace standin {

/// A route without stand-in on one event loop: forwarded as it is, and while it comes. When the upstream fails: what
/// the cache has kept, else a fallback file, else an outage page. Or it redirects, and has no upstream. Kept alive by
/// shared_ptr: an answer may go on coming after a reload.
class PlainRoute : public std::enable_shared_from_this<PlainRoute> {
 public:
  struct Setup {
    RouteConfig route;
    std::string outage_page;       ///< HTML; "" for none
    std::shared_ptr<Party> party;  ///< nullptr where the route redirects
    std::shared_ptr<Cache> cache;  ///< nullptr for none
    Purpose purpose = Purpose::plain;
  };
  PlainRoute(Setup setup, Metrics& metrics, Clock& clock, Executor executor);

  Task<Reply> handle(Request request, std::shared_ptr<const Client> client, std::string request_id);

 private:
  /// What is said of one request when its answer has ended.
  struct Visit {
    Instant arrived;
    WallTime at{};
    std::string method, request_id, client;
    /// Its head, where something may have to be answered in the upstream's place; else nullptr.
    std::unique_ptr<const Request> asked;
    std::string_view cache;              ///< how the cache had to do with it; "" for not at all
    std::uint64_t received = 0;          ///< of its body, with its head
    std::shared_ptr<BodySource> upload;  ///< the rest
    bool forwarded = false;
    Answered how = Answered::forwarded;
    Cause cause = Cause::refused;
    Outcome outcome = Outcome::unknown;
    int status = 0;
  };
  using Kept = std::shared_ptr<const KeptAnswer>;

  Task<Forwarded> forward(const Request& request, std::shared_ptr<const Client> client, Instant arrived) const;
  Response answer(Visit& visit, Forwarded&& forwarded) const;
  std::optional<Response> fallback(const Visit& visit, const Forwarded& forwarded) const;
  Response outage(const Forwarded& forwarded) const;
  Reply redirect(Visit visit, const Request& request);
  Reply told(Visit&& visit, Response&& response);
  void tell(const Visit& visit, const StreamEnd& end) const;

  // cached_route.cc
  Task<Reply> handle_cached(Request request, std::shared_ptr<const Client> client, Visit visit);
  Task<Reply> pass_by(Request request, std::shared_ptr<const Client> client, Visit visit, std::string why);
  Task<Reply> ask(Request request, std::shared_ptr<const Client> client, Visit visit, Question question, Kept kept);
  Reply take(Visit visit, const Question& question, const Kept& kept, Forwarded forwarded, Instant asked, bool get);
  Reply give(Visit visit, const KeptAnswer& kept, std::string_view how, std::string status);
  Kept look_up(const Question& question, const Headers& request) const;
  bool failed_lately(const KeptAnswer& kept) const;
  Kept freshen(const Question& question, const KeptAnswer& kept, const Response& not_modified, Instant asked);
  bool keep(const Question& question, const Headers& request, Response& response, Instant asked);
  void put(const std::string& key, Kept answer);
  void refresh_behind(const Kept& kept, Request request);
  static Task<> refresh(std::shared_ptr<PlainRoute> self, Request request, Kept kept, Cache::Refreshing mine);

  Setup setup_;
  Metrics& metrics_;
  Clock& clock_;
  Executor executor_;
};

}  // namespace standin
