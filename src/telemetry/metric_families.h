#pragma once

#include "telemetry/metric_family.h"

namespace standin {

/// The registry, and what is measured of the process and its edge.
struct EdgeFamilies {
  prometheus::Registry registry;
  TallyLocks tallies;

  CounterFamily<2> cache_requests;
  GaugeFamily<1> cache_bytes;
  GaugeFamily<1> cache_answers;
  CounterFamily<1> cache_evictions;
  GaugeFamily<0> connections_open;
  GaugeFamily<0> requests_in_flight;
  CounterFamily<1> turned_away;
  CounterFamily<0> origins_ignored;
  GaugeFamily<2> certificate_expiry;
  CounterFamily<0> log_lines_dropped;

  EdgeFamilies();
};

/// And of the upstreams' targets.
struct UpstreamFamilies : EdgeFamilies {
  CounterFamily<3> target_requests;
  HistogramFamily<3> target_seconds;
  HistogramFamily<2> target_connect_seconds;
  HistogramFamily<2> target_first_byte_seconds;
  GaugeFamily<2> upstream_certificate_expiry;
  GaugeFamily<2> target_in_flight;
  GaugeFamily<2> target_healthy;
  GaugeFamily<3> target_info;
  GaugeFamily<2> scoreboard_errors;
  GaugeFamily<3> breaker_state;
  GaugeFamily<2> breaker_keys_open;
  CounterFamily<2> retries;
  CounterFamily<1> retries_refused;
  GaugeFamily<1> switches_cut;

  UpstreamFamilies();
};

/// Every family. docs/metrics.md has a row for each: meaning, and what to alert on.
struct MetricFamilies : UpstreamFamilies {
  CounterFamily<3> requests;
  HistogramFamily<2> request_seconds;
  HistogramFamily<1> request_receive_seconds;
  CounterFamily<3> forwards;
  HistogramFamily<2> forward_seconds;
  CounterFamily<3> stand_ins;
  CounterFamily<3> stand_ins_resolved;
  CounterFamily<3> facts_unreadable;
  CounterFamily<2> templates_compared;
  CounterFamily<2> clients_gone;
  CounterFamily<2> streams_cut;
  CounterFamily<2> late_answers;

  CounterFamily<3> replay_attempts;
  GaugeFamily<1> replay_paused;

  HistogramFamily<0> journal_commit_seconds;
  CounterFamily<0> journal_committed_orders;
  GaugeFamily<0> journal_promising;
  GaugeFamily<0> pass_through;
  GaugeFamily<0> journal_queued_orders;
  GaugeFamily<1> exposure_minor;
  GaugeFamily<1> exposure_peak_minor;
  GaugeFamily<1> orders;
  GaugeFamily<0> follow_ups_open;

  MetricFamilies();
  /// What was added since the last time, to the registry.
  void hand_over();
};

}  // namespace standin
