#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"

namespace standin::rehearsal {

/// How long a location takes, as a distribution: points of its quantile function, in milliseconds, between which it is
/// read off in a straight line.
class ResponseTime {
 public:
  /// No time at all.
  ResponseTime() = default;
  /// One of
  ///   constant:20
  ///   lognormal:median=180,sigma=0.6
  ///   bimodal:fast=150,slow=4000,slow_part=0.02   two lognormals of sigma 0.25; `slow_part` of the answers are slow
  ///   percentiles:50=120,95=400,99=2500           each percentile's milliseconds, rising
  /// in milliseconds; an hour at most.
  static Result<ResponseTime> parse(std::string_view text);
  /// Lines of "PERCENT MILLISECONDS", as `percentiles:`; empty lines and those that start with '#' are skipped.
  static Result<ResponseTime> from_percentiles(std::string_view lines);

  Duration draw(Random& chance) const;
  /// As `parse` reads it.
  const std::string& text() const { return text_; }

 private:
  struct Point {
    double part;  ///< of the answers, 0 to 1
    double ms;
  };
  static Result<ResponseTime> lognormal(std::string_view parameters);
  static Result<ResponseTime> bimodal(std::string_view parameters);
  static Result<ResponseTime> of_points(std::vector<Point> points);

  std::string text_ = "constant:0";
  std::vector<Point> points_;
};

}  // namespace standin::rehearsal
