#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "rehearsal/load_stats.h"

namespace standin::rehearsal {

/// When a run counts as failed, such as "p99>20s" or "errors>0".
struct Threshold {
  std::string text;
  std::string measure;
  bool at_least = false;  ///< ">=" rather than ">"
  double bound = 0;       ///< seconds, or a count

  /// MEASURE > BOUND or MEASURE >= BOUND: p50, p90, p99, max with a time (ms or s); arrivals, yes, no, neither, errors,
  /// timeouts, connection_errors, local_limit, 5xx with a count.
  static Result<Threshold> parse(std::string_view text);
  bool crossed(const PhaseOfLoad& total) const;
};

/// One JSON object, described by `standin load --help`.
std::string to_json(const LoadSummary& summary);
/// One line of JSON, without its end.
std::string to_json(const Attempt& attempt);
/// A table for people.
std::string to_table(const LoadSummary& summary);
/// "12 ms", "3.4 s"
std::string readable(Duration span);

}  // namespace standin::rehearsal
