#include "route/template_watch.h"

#include <fmt/ranges.h>

#include "base/limits.h"
#include "telemetry/log.h"

namespace standin {
namespace {

/// One in `template_sample_one_in` on average.
std::uint64_t draw_pause(Random& random) { return random.below(2 * limits::template_sample_one_in - 1); }

}  // namespace

TemplateWatch::TemplateWatch(std::string route, Random& random, Metrics& metrics)
    : route_(std::move(route)), random_(random), metrics_(metrics), to_pass_over_(draw_pause(random)) {}

void TemplateWatch::see(const Dialect& dialect, const Response& real, const AnswerContext& context,
                        const Result<Facts>& facts) {
  if (to_pass_over_-- > 0) return;
  to_pass_over_ = draw_pause(random_);
  const bool approved = dialect.judge(real).outcome == Outcome::approved;
  if (approved && !facts) {
    metrics_.facts_unreadable(route_, facts.error().where, false);
    if (facts.error().what != last_facts_error_) {
      last_facts_error_ = facts.error().what;
      Log::warn("facts_unreadable",
                fmt::format("route {}: the upstream accepted an order that stand-in would decline: {}", route_,
                            facts.error().what));
    }
    return;
  }
  const std::vector<std::string> differences = dialect.drift(real, context);
  metrics_.template_compared(route_, !differences.empty());
  const std::string drift = fmt::format("{}", fmt::join(differences, "; "));
  if (!drift.empty() && drift != last_drift_) Log::warn("template_drift", fmt::format("route {}: {}", route_, drift));
  last_drift_ = drift;
}

}  // namespace standin
