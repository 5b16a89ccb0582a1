#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/demo_plan.h"
#include "app/demo_standin.h"
#include "rehearsal/load_stats.h"

namespace standin::demo {

/// Seconds that the small curves show: what one line of 80 columns has room for.
constexpr std::size_t curve_seconds = 54;

/// What is seen at one moment.
struct Sight {
  Act act = Act::healthy;
  bool closing = false;  ///< the shoppers are gone; the last promises are kept
  Duration elapsed{}, planned{};
  std::string shop, gateway;
  rehearsal::SecondOfLoad last_second;
  rehearsal::LoadCounts so_far;
  std::uint64_t in_flight = 0;
  Numbers standin;
  std::vector<std::uint64_t> stood_in;  ///< answers in each of the last seconds
  std::vector<Duration> slowest;        ///< 99th percentile in each of the last seconds
};

/// The whole screen: lines of at most 80 columns, at most 24 of them.
std::string screen(const Sight& sight, bool coloured);
/// One line, for where there is no screen.
std::string line(const Sight& sight);

/// Bars of eighths, each value against the greatest: "▁▃█". Zero is a blank.
std::string curve(const std::vector<double>& values);

/// Draws on a terminal's second screen, and gives the first one back when it goes.
class Terminal {
 public:
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  void draw(const std::string& screen) const;
};

}  // namespace standin::demo
