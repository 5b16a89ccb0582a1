#include "rehearsal/load_report.h"

#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <charconv>

#include "base/text.h"

namespace standin::rehearsal {
namespace {

namespace json = boost::json;

struct Measure {
  std::string_view name;
  bool is_time;
  double (*of)(const PhaseOfLoad& phase);
};

template <auto member>
double count_of(const PhaseOfLoad& phase) {
  return static_cast<double>(phase.counts.*member);
}

constexpr std::array<Measure, 13> measures{{
    {"p50", true, [](const PhaseOfLoad& p) { return seconds(p.latency.quantile(0.5)); }},
    {"p90", true, [](const PhaseOfLoad& p) { return seconds(p.latency.quantile(0.9)); }},
    {"p99", true, [](const PhaseOfLoad& p) { return seconds(p.latency.quantile(0.99)); }},
    {"max", true, [](const PhaseOfLoad& p) { return seconds(p.latency.max()); }},
    {"errors", false, [](const PhaseOfLoad& p) { return static_cast<double>(p.counts.errors()); }},
    {"arrivals", false, count_of<&LoadCounts::arrivals>},
    {"yes", false, count_of<&LoadCounts::yes>},
    {"no", false, count_of<&LoadCounts::no>},
    {"neither", false, count_of<&LoadCounts::neither>},
    {"timeouts", false, count_of<&LoadCounts::timed_out>},
    {"connection_errors", false, count_of<&LoadCounts::connection_errors>},
    {"local_limit", false, count_of<&LoadCounts::local_limit>},
    {"5xx", false, count_of<&LoadCounts::server_errors>},
}};

const Measure* measure_named(std::string_view name) {
  const auto found = std::ranges::find(measures, name, &Measure::name);
  return found == measures.end() ? nullptr : found;
}

Error unknown_measure(std::string_view name) {
  std::vector<std::string> names;
  for (const Measure& measure : measures) names.emplace_back(measure.name);
  Error error{.what = fmt::format("\"{}\" is not measured; there is {}", name, fmt::join(names, ", "))};
  if (const auto meant = nearest(name, names)) error.what += fmt::format("; did you mean \"{}\"?", *meant);
  return error;
}

Result<double> bound_of(std::string_view text, bool is_time) {
  double number = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = trim(text.substr(static_cast<std::size_t>(end - text.data())));
  if (wrong == std::errc() && is_time && unit == "s") return number;
  if (wrong == std::errc() && is_time && unit == "ms") return number / 1000;
  if (wrong == std::errc() && !is_time && unit.empty()) return number;
  return failure(is_time ? "a time is a number with ms or s, such as 20s" : "a count is a number without a unit");
}

double in_milliseconds(Duration span) { return seconds(span) * 1000; }

json::object object_of(const PhaseOfLoad& phase) {
  const LoadCounts& c = phase.counts;
  json::object by_status;
  for (const auto& [status, count] : phase.by_status) by_status[std::to_string(status)] = count;
  json::object by_reason;
  for (const auto& [reason, count] : phase.by_reason) by_reason[reason] = count;
  return {{"phase", phase.label},
          {"arrivals", c.arrivals},
          {"attempts", c.attempts},
          {"retries", c.retries},
          {"yes", c.yes},
          {"no", c.no},
          {"neither", c.neither},
          {"hung_up", c.hung_up},
          {"errors", c.errors()},
          {"timeouts", c.timed_out},
          {"connection_errors", c.connection_errors},
          {"local_limit", c.local_limit},
          {"5xx", c.server_errors},
          {"by_status", by_status},
          {"by_reason", by_reason},
          {"latency_ms", json::object{{"p50", in_milliseconds(phase.latency.quantile(0.5))},
                                      {"p90", in_milliseconds(phase.latency.quantile(0.9))},
                                      {"p99", in_milliseconds(phase.latency.quantile(0.99))},
                                      {"max", in_milliseconds(phase.latency.max())}}}};
}

std::string_view name_of(Ending ending) {
  switch (ending) {
    case Ending::answered: return "answered";
    case Ending::hung_up: return "hung_up";
    case Ending::timed_out: return "timed_out";
    case Ending::connection_error: return "connection_error";
    case Ending::local_limit: return "local_limit";
  }
  unreachable();
}

std::string_view name_of(Told told) {
  switch (told) {
    case Told::yes: return "yes";
    case Told::no: return "no";
    case Told::neither: return "neither";
    case Told::nothing: return "nothing";
  }
  unreachable();
}

/// "errors: cannot connect: Connection refused: 12, timed out: 3, status 502: 5"; nothing without errors.
std::string errors_of(const PhaseOfLoad& total) {
  std::vector<std::string> kinds;
  for (const auto& [reason, count] : total.by_reason) kinds.push_back(fmt::format("{}: {}", reason, count));
  if (total.counts.timed_out > 0) kinds.push_back(fmt::format("timed out: {}", total.counts.timed_out));
  for (const auto& [status, count] : total.by_status) {
    if (status >= 500) kinds.push_back(fmt::format("status {}: {}", status, count));
  }
  if (total.counts.local_limit > 0) {
    kinds.push_back(fmt::format("not sent, too many in flight: {}", total.counts.local_limit));
  }
  return kinds.empty() ? "" : fmt::format("errors: {}\n", fmt::join(kinds, ", "));
}

std::string row_of(const PhaseOfLoad& phase) {
  const LoadCounts& c = phase.counts;
  return fmt::format("{:<16}{:>9}{:>9}{:>8}{:>9}{:>9}{:>8}{:>11}{:>11}{:>11}{:>11}\n", phase.label, c.arrivals, c.yes,
                     c.no, c.neither, c.hung_up, c.errors(), readable(phase.latency.quantile(0.5)),
                     readable(phase.latency.quantile(0.9)), readable(phase.latency.quantile(0.99)),
                     readable(phase.latency.max()));
}

}  // namespace

Result<Threshold> Threshold::parse(std::string_view text) {
  const auto sign = text.find('>');
  if (sign == std::string_view::npos)
    return failure("a threshold is like \"p99>20s\" or \"errors>0\"", std::string(text));
  Threshold threshold{.text = std::string(text), .measure = std::string(trim(text.substr(0, sign)))};
  const Measure* measure = measure_named(threshold.measure);
  if (measure == nullptr) return std::unexpected(unknown_measure(threshold.measure));
  threshold.at_least = text.substr(sign + 1).starts_with('=');
  const auto bound = bound_of(trim(text.substr(sign + (threshold.at_least ? 2 : 1))), measure->is_time);
  if (!bound) return failure(bound.error().what, std::string(text));
  threshold.bound = *bound;
  return threshold;
}

bool Threshold::crossed(const PhaseOfLoad& total) const {
  const double value = measure_named(measure)->of(total);
  return at_least ? value >= bound : value > bound;
}

std::string to_json(const LoadSummary& summary) {
  json::array phases;
  for (const PhaseOfLoad& phase : summary.phases) phases.push_back(object_of(phase));
  return json::serialize(json::object{{"total", object_of(summary.total)}, {"phases", phases}});
}

std::string to_json(const Attempt& attempt) {
  json::object object{{"key", attempt.key},
                      {"cart_id", attempt.cart_id},
                      {"retry", attempt.retry},
                      {"amount_minor", attempt.amount_minor},
                      {"when", iso8601(attempt.when)},
                      {"latency_ms", in_milliseconds(attempt.latency)},
                      {"ending", name_of(attempt.ending)},
                      {"status", attempt.status},
                      {"told", name_of(attempt.told)},
                      {"reference", attempt.reference},
                      {"phase", attempt.phase}};
  if (!attempt.why.empty()) object["why"] = attempt.why;
  return json::serialize(object);
}

std::string to_table(const LoadSummary& summary) {
  std::string table = fmt::format("{:<16}{:>9}{:>9}{:>8}{:>9}{:>9}{:>8}{:>11}{:>11}{:>11}{:>11}\n", "phase", "arrivals",
                                  "yes", "no", "neither", "hung up", "errors", "p50", "p90", "p99", "max");
  if (summary.phases.size() > 1) {
    for (const PhaseOfLoad& phase : summary.phases) table += row_of(phase);
  }
  return table + row_of(summary.total) + errors_of(summary.total);
}

std::string readable(Duration span) {
  const double ms = in_milliseconds(span);
  if (ms < 10) return fmt::format("{:.2f} ms", ms);
  if (ms < 1000) return fmt::format("{:.0f} ms", ms);
  return fmt::format("{:.2f} s", ms / 1000);
}

}  // namespace standin::rehearsal
