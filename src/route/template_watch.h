#pragma once

#include <cstdint>
#include <string>

#include "base/random.h"
#include "dialect/dialect.h"
#include "telemetry/metrics.h"

namespace standin {

/// Compares a sample of the party's real answers with the configured ones, so that a template that no longer resembles
/// them is known before an outage. One per route and event loop.
class TemplateWatch {
 public:
  TemplateWatch(std::string route, Random& random, Metrics& metrics);

  /// Looks at one definite answer; most are passed over.
  void see(const Dialect& dialect, const Response& real, const AnswerContext& context, const Result<Facts>& facts);

 private:
  std::string route_;
  Random& random_;
  Metrics& metrics_;
  std::uint64_t to_pass_over_;  ///< before the next that is looked at; drawn once for each, as drawing asks the kernel
  std::string last_drift_;      ///< as last logged: the same drift is logged once
  std::string last_facts_error_;
};

}  // namespace standin
