#include "telemetry/metric_families.h"

namespace standin {
namespace {

using Boundaries = prometheus::Histogram::BucketBoundaries;

/// From a stand-in answer's millisecond to the longest listening for a late answer.
const Boundaries answer_seconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                1,     2.5,    5,     10,   15,    30,   60,  120};
/// From a fast disk's fdatasync to one that eats the commit budget.
const Boundaries commit_seconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};

auto& counter(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

auto& gauge(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

auto& histogram(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

}  // namespace

EdgeFamilies::EdgeFamilies()
    : cache_requests(counter(registry, "standin_cache_requests_total",
                             "Requests of routes with a cache, by how that had to do with them"),
                     {"route", "cache"}),
      cache_bytes(gauge(registry, "standin_cache_bytes", "Memory that the route's cache takes"), {"route"}),
      cache_answers(gauge(registry, "standin_cache_answers", "Answers that the route's cache keeps"), {"route"}),
      cache_evictions(counter(registry, "standin_cache_evictions_total", "Answers that had to make room for others"),
                      {"route"}),
      connections_open(gauge(registry, "standin_connections_open", "Clients' connections"), {}),
      requests_in_flight(gauge(registry, "standin_requests_in_flight", "Clients' requests being handled"), {}),
      turned_away(counter(registry, "standin_turned_away_total",
                          "Connections and requests turned away before they had a route, and why"),
                  {"why"}),
      origins_ignored(counter(registry, "standin_origins_ignored_total",
                              "Requests of which a trusted proxy named the client in a malformed way"),
                      {}),
      certificate_expiry(gauge(registry, "standin_certificate_expiry_seconds",
                               "When a certificate that the edge shows expires, in seconds since 1970"),
                         {"listener", "file"}),
      log_lines_dropped(
          counter(registry, "standin_log_lines_dropped_total", "Log lines dropped because their queue was full"), {}) {}

UpstreamFamilies::UpstreamFamilies()
    : target_requests(counter(registry, "standin_target_requests_total", "Exchanges with one target, by their end"),
                      {"upstream", "target", "end"}),
      target_seconds(histogram(registry, "standin_target_seconds", "Time of one exchange with a target"),
                     {"upstream", "target", "end"}, answer_seconds),
      target_connect_seconds(histogram(registry, "standin_target_connect_seconds",
                                       "Time until a new connection to a target is ready: name, TCP and TLS"),
                             {"upstream", "target"}, answer_seconds),
      target_first_byte_seconds(histogram(registry, "standin_target_first_byte_seconds",
                                          "Time from the first byte sent to a target to the first of its answer"),
                                {"upstream", "target"}, answer_seconds),
      upstream_certificate_expiry(gauge(registry, "standin_upstream_certificate_expiry_seconds",
                                        "When the certificate expires that a target showed last, in seconds since "
                                        "1970"),
                                  {"upstream", "target"}),
      target_in_flight(gauge(registry, "standin_target_in_flight", "Exchanges under way"), {"upstream", "target"}),
      target_healthy(gauge(registry, "standin_target_healthy", "1 while the health check is answered well"),
                     {"upstream", "target"}),
      target_info(gauge(registry, "standin_target_info", "1 for the location that the target's health ping names"),
                  {"upstream", "target", "location"}),
      scoreboard_errors(gauge(registry, "standin_scoreboard_errors", "Errors of a target that are not forgotten yet"),
                        {"upstream", "target"}),
      breaker_state(gauge(registry, "standin_breaker_state", "1 for the state that the target's breaker is in"),
                    {"upstream", "target", "state"}),
      breaker_keys_open(gauge(registry, "standin_breaker_keys_open", "Keys of a target whose breaker is not closed"),
                        {"upstream", "target"}),
      retries(counter(registry, "standin_retries_total", "Attempts at another target, by what the one before came to"),
              {"upstream", "after"}),
      retries_refused(counter(registry, "standin_retries_refused_total", "Retries not made: their budget was used up"),
                      {"upstream"}),
      switches_cut(gauge(registry, "standin_switches_cut", "Kill switches of an upstream that are cut"), {"upstream"}) {
}

MetricFamilies::MetricFamilies()
    : requests(counter(registry, "standin_requests_total", "Requests of clients, by how they were answered"),
               {"route", "answered", "status"}),
      request_seconds(histogram(registry, "standin_request_seconds", "Time from a client's request to its answer"),
                      {"route", "answered"}, answer_seconds),
      request_receive_seconds(histogram(registry, "standin_request_receive_seconds",
                                        "Time from a request's first byte until it is handed to its route"),
                              {"route"}, answer_seconds),
      forwards(counter(registry, "standin_forwards_total", "Forwards of live requests to the upstream, by outcome"),
               {"route", "kind", "outcome"}),
      forward_seconds(histogram(registry, "standin_forward_seconds", "Time of a live forward"), {"route", "kind"},
                      answer_seconds),
      stand_ins(counter(registry, "standin_stand_ins_total", "Answers given in the upstream's stead, and why"),
                {"route", "cause", "decision"}),
      stand_ins_resolved(counter(registry, "standin_stand_ins_resolved_total",
                                 "Stand-ins of which it is known by now whether the upstream had done it after all"),
                         {"route", "cause", "upstream_had_done_it"}),
      facts_unreadable(counter(registry, "standin_facts_unreadable_total", "Requests of which a fact was unreadable"),
                       {"route", "fact", "during"}),
      templates_compared(counter(registry, "standin_templates_compared_total",
                                 "Healthy answers compared in shape with the stand-in templates"),
                         {"route", "result"}),
      clients_gone(counter(registry, "standin_clients_gone_total", "Clients that went away before their answer"),
                   {"route", "when"}),
      streams_cut(counter(registry, "standin_streams_cut_total", "Bodies and tunnels that broke off while passed on"),
                  {"route", "by"}),
      late_answers(counter(registry, "standin_late_answers_total", "Answers that came after the deadline"),
                   {"route", "outcome"}),
      replay_attempts(counter(registry, "standin_replay_attempts_total", "Attempts to deliver an order, by outcome"),
                      {"route", "kind", "outcome"}),
      replay_paused(gauge(registry, "standin_replay_paused", "1 while the route's replay is paused"), {"route"}),
      journal_commit_seconds(histogram(registry, "standin_journal_commit_seconds", "Time of one commit"), {},
                             commit_seconds),
      journal_committed_orders(counter(registry, "standin_journal_committed_orders_total", "Orders made durable"), {}),
      journal_promising(gauge(registry, "standin_journal_promising", "1 while orders can be accepted in stand-in"), {}),
      pass_through(
          gauge(registry, "standin_pass_through", "1 while nothing but forwarding is done, after three deaths"), {}),
      journal_queued_orders(gauge(registry, "standin_journal_queued_orders", "Orders waiting for the writer"), {}),
      exposure_minor(gauge(registry, "standin_exposure_minor", "Sum promised and not yet collected, in minor units"),
                     {"currency"}),
      exposure_peak_minor(gauge(registry, "standin_exposure_peak_minor",
                                "The most that was exposed since the journal was opened, in minor units"),
                          {"currency"}),
      orders(gauge(registry, "standin_orders", "Orders in the journal by state"), {"state"}),
      follow_ups_open(gauge(registry, "standin_follow_ups_open", "Cases that wait for a person"), {}) {}

void MetricFamilies::hand_over() {
  const auto all = [this](auto&... families) {
    for (std::size_t part = 0; part < TallyLocks::parts; ++part) {
      const auto held = tallies.of(part);
      (families.hand_over(held), ...);
    }
  };
  all(cache_requests, cache_evictions, turned_away, origins_ignored, target_requests, target_seconds,
      target_connect_seconds, target_first_byte_seconds, retries, retries_refused, requests, request_seconds,
      request_receive_seconds, forwards, forward_seconds, stand_ins, stand_ins_resolved, facts_unreadable,
      templates_compared, clients_gone, streams_cut, late_answers, replay_attempts, journal_commit_seconds,
      journal_committed_orders);
}

}  // namespace standin
