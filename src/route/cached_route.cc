#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "cache/bodies.h"
#include "cache/cache_limits.h"
#include "net/body.h"
#include "route/plain_route.h"
#include "route/problem.h"
#include "route/upstream_failure.h"

// The part of PlainRoute that answers from a cache (RFC 9111).
namespace standin {
namespace {

/// Who hears the answer to a request of our own.
struct Nobody final : Client {
  bool gone() const override { return false; }
  std::string address() const override { return ""; }
};

std::int64_t whole_seconds(Duration span) { return std::chrono::duration_cast<std::chrono::seconds>(span).count(); }

/// Of a 200, what a 304 says in its place (RFC 9110, 15.4.5).
Response as_not_modified(Response response) {
  constexpr std::array<std::string_view, 4> of_body{"Content-Length", "Content-Encoding", "Content-Type",
                                                    "Content-Language"};
  response.status = 304;
  response.headers.remove_if([&](std::string_view name) {
    return std::ranges::any_of(of_body, [&](std::string_view one) { return equal_ignoring_case(one, name); });
  });
  response.body.clear();
  response.rest.reset();
  return response;
}

/// More than `most` is announced.
bool too_large(const Response& response, std::size_t most) {
  const std::string_view stated = response.headers.find("Content-Length").value_or("");
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(stated.data(), stated.data() + stated.size(), length);
  return error == std::errc{} && length > most;
}

bool varies_by(const KeptAnswer& kept, std::string_view field) {
  return std::ranges::any_of(kept.varying, [&](const auto& one) { return one.first == field; });
}

}  // namespace

Task<Reply> PlainRoute::handle_cached(Request request, std::shared_ptr<const Client> client, Visit visit) {
  Question question = question_of(request);
  if (!question.bypass.empty()) {
    co_return co_await pass_by(std::move(request), std::move(client), std::move(visit), std::string(question.bypass));
  }
  Kept kept = look_up(question, request.headers);
  const Use use = kept ? use_of(*kept, question.says, clock_.now()) : Use::validation;
  if (use == Use::fresh) co_return give(std::move(visit), *kept, "hit", "hit");
  if (use == Use::stale) {
    refresh_behind(kept, std::move(request));
    co_return give(std::move(visit), *kept, "stale", "hit");
  }
  if (question.says.only_if_cached) {
    visit.cache = "miss";
    visit.how = Answered::rejected;
    co_return told(std::move(visit), problem(504, "Not kept", "The request asks for what is kept alone."));
  }
  co_return co_await ask(std::move(request), std::move(client), std::move(visit), std::move(question), std::move(kept));
}

/// What is neither answered from the cache nor kept.
Task<Reply> PlainRoute::pass_by(Request request, std::shared_ptr<const Client> client, Visit visit, std::string why) {
  visit.cache = "bypass";
  Forwarded forwarded = co_await forward(request, std::move(client), visit.arrived);
  Response response = answer(visit, std::move(forwarded));
  if (visit.how == Answered::forwarded && response.status != 101) {
    response.headers.add("Cache-Status", "standin; fwd=bypass; detail=" + why);
  }
  co_return told(std::move(visit), std::move(response));
}

/// Asks the upstream, for all of it or whether what is kept still holds. Of many who would ask whether the same holds,
/// one does.
Task<Reply> PlainRoute::ask(Request request, std::shared_ptr<const Client> client, Visit visit, Question question,
                            Kept kept) {
  Cache::Refreshing mine;
  if (kept) {
    const auto until = visit.arrived + std::min(setup_.route.deadline, setup_.party->config().timeouts.response);
    Cache::Turn turn = setup_.cache->refresh(*kept);
    if (turn.theirs) {
      const bool ended = co_await turn.theirs->wait_until(clock_, until);
      kept = ended ? look_up(question, request.headers) : kept;
      const bool good = kept && use_of(*kept, question.says, clock_.now()) != Use::validation;
      if (good) co_return give(std::move(visit), *kept, "hit", "fwd=stale; collapsed");
    }
    if (kept && failed_lately(*kept) && usable_on_error(*kept, clock_.now())) {
      co_return give(std::move(visit), *kept, "stale_if_error", "hit; detail=stale-if-error");
    }
    mine = std::move(turn.mine);
  }
  if (kept) {
    request.method = "GET";
    make_conditional(request.headers, *kept);
  }
  const bool get = request.method == "GET";
  if (get && !kept) remove_conditions(request.headers);
  const Instant asked = clock_.now();
  Forwarded forwarded = co_await forward(request, std::move(client), visit.arrived);
  co_return take(std::move(visit), question, kept, std::move(forwarded), asked, get);
}

/// What the upstream's answer, or its failure, comes to.
Reply PlainRoute::take(Visit visit, const Question& question, const Kept& kept, Forwarded forwarded, Instant asked,
                       bool get) {
  visit.cause = forwarded.cause;
  visit.outcome = forwarded.outcome;
  visit.forwarded = true;
  if (kept && forwarded.response && forwarded.response->status == 304) {
    if (speaks_of(*forwarded.response, *kept)) {
      const Kept fresh = freshen(question, *kept, *forwarded.response, asked);
      return give(std::move(visit), *fresh, "revalidated", "fwd=stale; fwd-status=304");
    }
    forwarded.response.reset();  // it leaves us with nothing to give
  }
  if (kept && upstream_failed(forwarded)) {
    kept->failed_at = clock_.now().time_since_epoch().count();
    if (usable_on_error(*kept, clock_.now())) {
      return give(std::move(visit), *kept, "stale_if_error",
                  fmt::format("fwd=stale{}; detail=stale-if-error", forwarded_status(forwarded)));
    }
  }
  visit.cache = "miss";
  Response response = answer(visit, std::move(forwarded));
  if (visit.how != Answered::forwarded) return told(std::move(visit), std::move(response));
  const bool kept_now = get && keep(question, visit.asked->headers, response, asked);
  // What is being copied has to come to its end: the client gets it once more.
  const bool needed = kept_now && response.rest;
  if (get && !needed && response.status == 200 && client_has_it(visit.asked->headers, response.headers)) {
    response = as_not_modified(std::move(response));
  }
  response.headers.add("Cache-Status", fmt::format("standin; fwd={}{}", kept ? "stale" : "miss",
                                                   kept_now && !response.rest ? "; stored" : ""));
  return told(std::move(visit), std::move(response));
}

/// `how` is what metrics and log say, `status` what Cache-Status does.
Reply PlainRoute::give(Visit visit, const KeptAnswer& kept, std::string_view how, std::string status) {
  const Duration age = kept.age(clock_.now());
  Response response{.status = kept.status, .headers = kept.headers};
  response.headers.add("Age", std::to_string(whole_seconds(age)));
  response.headers.add("Cache-Status",
                       fmt::format("standin; {}; ttl={}", status, whole_seconds(kept.terms.lifetime - age)));
  visit.how = Answered::cached;
  visit.cache = how;
  if (kept.status == 200 && client_has_it(visit.asked->headers, kept.headers)) {
    response = as_not_modified(std::move(response));
  } else if (visit.method != "HEAD" && kept.body->size() <= limits::cached_body_copied) {
    response.body = *kept.body;
  } else if (visit.method != "HEAD") {
    response.rest = lent_body(kept.body);
  }
  return told(std::move(visit), std::move(response));
}

PlainRoute::Kept PlainRoute::look_up(const Question& question, const Headers& request) const {
  Kept kept = setup_.cache->find(question.key, request, clock_.now());
  if (kept && question.authorized && !kept->terms.for_authorized) kept.reset();
  return kept;
}

bool PlainRoute::failed_lately(const KeptAnswer& kept) const {
  const Instant::rep failed = kept.failed_at;
  const Instant::rep now = clock_.now().time_since_epoch().count();
  return failed > now - limits::cache_asks_again.count();
}

/// What the 304 forbids to keep is forgotten, and given this once.
PlainRoute::Kept PlainRoute::freshen(const Question& question, const KeptAnswer& kept, const Response& not_modified,
                                     Instant asked) {
  const Instant now = clock_.now();
  const WallTime wall = clock_.wall();
  // Who happens to ask says nothing about what is kept already.
  const auto terms = terms_of(Question(), head_after(kept, not_modified), *setup_.route.cache, now - asked, wall);
  Kept fresh = freshened(kept, not_modified, terms.value_or(Terms()), now, wall);
  terms ? put(question.key, fresh) : setup_.cache->forget(question.key);
  return fresh;
}

/// Keeps the answer, or has it copied while it is passed on; false if it may not be kept, or is too large.
bool PlainRoute::keep(const Question& question, const Headers& request, Response& response, Instant asked) {
  const Instant now = clock_.now();
  const auto terms = terms_of(question, response, *setup_.route.cache, now - asked, clock_.wall());
  const auto varying = varying_of(request, response.headers);
  const CacheControl says = cache_control_of(response.headers);
  const bool of_all = !question.authorized && !question.personal;
  if (of_all && (says.no_store || says.is_private)) setup_.cache->forget(question.key);
  if (!terms || !varying || too_large(response, setup_.cache->answer_bytes_max())) return false;
  if (!response.rest) {
    put(question.key, standin::keep(response, *terms, *varying, now, clock_.wall()));
    return true;
  }
  Response head{.status = response.status, .headers = response.headers};
  auto whole = [self = shared_from_this(), key = question.key, head = std::move(head), terms = *terms,
                varying = *varying, now](std::string body) mutable {
    head.body = std::move(body);
    self->put(key, standin::keep(std::move(head), terms, std::move(varying), now, self->clock_.wall()));
  };
  response.rest = copied_body(std::move(response.rest), response.body, setup_.cache, std::move(whole));
  return true;
}

void PlainRoute::put(const std::string& key, Kept answer) {
  const Cache& cache = *setup_.cache;
  const std::size_t evicted = setup_.cache->put(key, std::move(answer), clock_.now());
  metrics_.cache_holds(setup_.route.name, cache.bytes(), cache.answers(), evicted);
}

/// Without what belongs to the client who happened to come, unless the answer depends on it.
void PlainRoute::refresh_behind(const Kept& kept, Request request) {
  if (failed_lately(*kept)) return;
  Cache::Turn turn = setup_.cache->refresh(*kept);
  if (!turn.mine.granted()) return;
  for (const std::string_view field : {"Cookie", "Authorization"}) {
    if (!varies_by(*kept, lower(field))) request.headers.remove(field);
  }
  spawn(executor_, refresh(shared_from_this(), std::move(request), kept, std::move(turn.mine)));
}

Task<> PlainRoute::refresh(std::shared_ptr<PlainRoute> self, Request request, Kept kept,
                           [[maybe_unused]] Cache::Refreshing mine) {
  request.method = "GET";
  const Question question = question_of(request);
  const Headers fields = request.headers;
  make_conditional(request.headers, *kept);
  const Instant asked = self->clock_.now();
  Forwarded forwarded = co_await self->forward(request, std::make_shared<Nobody>(), asked);
  self->metrics_.forwarded(self->setup_.route.name, forwarded.outcome, self->clock_.now() - asked);
  if (upstream_failed(forwarded)) {
    kept->failed_at = self->clock_.now().time_since_epoch().count();
    co_return;
  }
  Response& response = *forwarded.response;
  if (response.status == 304) {
    if (speaks_of(response, *kept)) self->freshen(question, *kept, response, asked);
    co_return;
  }
  const bool copied = self->keep(question, fields, response, asked) && response.rest;
  std::size_t left = self->setup_.cache->answer_bytes_max();
  while (copied) {
    const auto piece = co_await response.rest->next();
    if (!piece || piece->empty() || piece->size() > left) break;
    left -= piece->size();
  }
}

}  // namespace standin
