#include "rehearsal/gateway/response_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include "base/text.h"

namespace standin::rehearsal {
namespace {

constexpr double ms_max = 3'600'000;
constexpr int steps = 1000;
constexpr double bimodal_sigma = 0.25;

std::optional<double> number(std::string_view text, double least, double most) {
  double value = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || wrong != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!(value >= least && value <= most)) return std::nullopt;
  return value;
}

/// "a=1,b=2"
std::map<std::string_view, std::string_view> parameters_in(std::string_view text) {
  std::map<std::string_view, std::string_view> found;
  for (const std::string_view pair : split(text, ',')) {
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos) found[trim(pair.substr(0, equals))] = trim(pair.substr(equals + 1));
  }
  return found;
}

/// The standard normal quantile, by bisection of its distribution function.
double normal_quantile(double part) {
  double low = -9;
  double high = 9;
  for (int round = 0; round < 60; ++round) {
    const double middle = (low + high) / 2;
    (std::erfc(-middle / std::sqrt(2.0)) / 2 < part ? low : high) = middle;
  }
  return (low + high) / 2;
}

/// `normal`: the standard normal's quantile.
double lognormal_quantile(double normal, double median, double sigma) {
  return std::min(ms_max, median * std::exp(sigma * normal));
}

double middle_of_step(int step, int of) { return (step + 0.5) / of; }

/// Of the middles of all steps: 60,000 error functions, and the same for every lognormal.
const std::array<double, steps>& step_quantiles() {
  static const auto made = [] {
    std::array<double, steps> quantiles{};
    for (int step = 0; step < steps; ++step) {
      quantiles[static_cast<std::size_t>(step)] = normal_quantile(middle_of_step(step, steps));
    }
    return quantiles;
  }();
  return made;
}

}  // namespace

Result<ResponseTime> ResponseTime::of_points(std::vector<Point> points) {
  const bool rising =
      std::ranges::is_sorted(points, [](const Point& a, const Point& b) { return a.part < b.part || a.ms < b.ms; });
  if (points.empty() || !rising) return failure("percentiles and their milliseconds rise together");
  ResponseTime made;
  made.points_ = std::move(points);
  return made;
}

Result<ResponseTime> ResponseTime::lognormal(std::string_view parameters) {
  auto given = parameters_in(parameters);
  const auto median = number(given["median"], 0, ms_max);
  const auto sigma = number(given["sigma"], 0, 5);
  if (!median || !sigma) return failure("a lognormal response time reads \"lognormal:median=180,sigma=0.6\"");
  std::vector<Point> points;
  for (int step = 0; step < steps; ++step) {
    const double normal = step_quantiles()[static_cast<std::size_t>(step)];
    points.push_back({middle_of_step(step, steps), lognormal_quantile(normal, *median, *sigma)});
  }
  return of_points(std::move(points));
}

Result<ResponseTime> ResponseTime::bimodal(std::string_view parameters) {
  auto given = parameters_in(parameters);
  const auto fast = number(given["fast"], 0, ms_max);
  const auto slow = number(given["slow"], 0, ms_max);
  const auto slow_part = number(given["slow_part"], 0, 1);
  if (!fast || !slow || !slow_part || *fast > *slow) {
    return failure("a bimodal response time reads \"bimodal:fast=150,slow=4000,slow_part=0.02\"");
  }
  std::vector<Point> points;
  for (int step = 0; step < steps; ++step) {
    const double at = middle_of_step(step, steps);
    const double split_at = 1 - *slow_part;
    const bool is_slow = at >= split_at;
    const double within = is_slow ? (at - split_at) / *slow_part : at / split_at;
    points.push_back({at, lognormal_quantile(normal_quantile(within), is_slow ? *slow : *fast, bimodal_sigma)});
  }
  // The fastest of the slow mode may be below the slowest of the fast one.
  for (std::size_t at = 1; at < points.size(); ++at) points[at].ms = std::max(points[at].ms, points[at - 1].ms);
  return of_points(std::move(points));
}

Result<ResponseTime> ResponseTime::from_percentiles(std::string_view lines) {
  std::vector<Point> points;
  std::string canonical = "percentiles:";
  for (std::string_view line : split(lines, '\n')) {
    line = trim(line);
    if (line.empty() || line.starts_with('#')) continue;
    const auto gap = line.find_first_of(" \t=,");
    if (gap == std::string_view::npos) return failure("a line of percentiles reads \"95 400\"");
    const auto percent = number(line.substr(0, gap), 0, 100);
    const auto ms = number(trim(line.substr(gap + 1)), 0, ms_max);
    if (!percent || !ms) return failure("a line of percentiles reads \"95 400\": percent and milliseconds");
    canonical += fmt::format("{}{}={}", points.empty() ? "" : ",", *percent, *ms);
    points.push_back({*percent / 100, *ms});
  }
  auto made = of_points(std::move(points));
  if (made) made->text_ = std::move(canonical);
  return made;
}

Result<ResponseTime> ResponseTime::parse(std::string_view text) {
  const auto colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  const std::string_view rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (kind == "percentiles") {
    std::string lines(rest);
    std::ranges::replace(lines, ',', '\n');
    return from_percentiles(lines);
  }
  Result<ResponseTime> made = failure("a response time is constant:MS, lognormal:..., bimodal:... or percentiles:...");
  if (kind == "lognormal") made = lognormal(rest);
  if (kind == "bimodal") made = bimodal(rest);
  if (kind == "constant") {
    const auto ms = number(rest, 0, ms_max);
    if (!ms) return failure("a constant response time reads \"constant:20\", in milliseconds");
    made = of_points({{0, *ms}});
  }
  if (made) made->text_ = std::string(text);
  return made;
}

Duration ResponseTime::draw(Random& chance) const {
  if (points_.empty()) return {};
  const double part = chance.fraction();
  const auto above = std::ranges::lower_bound(points_, part, {}, &Point::part);
  double ms = points_.back().ms;
  if (above == points_.begin()) {
    ms = above->ms;
  } else if (above != points_.end()) {
    const Point& below = *(above - 1);
    ms = below.ms + (above->ms - below.ms) * (part - below.part) / (above->part - below.part);
  }
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(ms));
}

}  // namespace standin::rehearsal
