#include "base/time.h"

#include <fmt/format.h>

#include <array>
#include <ctime>

namespace standin {
namespace {

std::tm utc(WallTime t) {
  const std::time_t whole = std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&whole, &parts);
  return parts;
}

constexpr std::array weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace

std::string iso8601(WallTime t) {
  const std::tm p = utc(t);
  const auto ms = (t - std::chrono::floor<std::chrono::seconds>(t)).count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", p.tm_year + 1900, p.tm_mon + 1, p.tm_mday, p.tm_hour,
                     p.tm_min, p.tm_sec, ms);
}

std::string http_date(WallTime t) {
  const std::tm p = utc(t);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", weekdays[p.tm_wday], p.tm_mday, months[p.tm_mon],
                     p.tm_year + 1900, p.tm_hour, p.tm_min, p.tm_sec);
}

}  // namespace standin
