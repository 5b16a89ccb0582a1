#include "base/time.h"

#include <fmt/compile.h>

#include <array>

namespace standin {
namespace {

/// Every answer in stand-in writes two of these: gmtime_r takes a lock, and reading the format costs more than the
/// rest.
struct Utc {
  explicit Utc(WallTime t)
      : midnight(std::chrono::floor<std::chrono::days>(t)), date(midnight), time(t - midnight), weekday(midnight) {}

  int year() const { return static_cast<int>(date.year()); }
  unsigned month() const { return static_cast<unsigned>(date.month()); }
  unsigned day() const { return static_cast<unsigned>(date.day()); }

  std::chrono::sys_days midnight;
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<std::chrono::milliseconds> time;
  std::chrono::weekday weekday;
};

constexpr std::array weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace

std::string iso8601(WallTime t) {
  const Utc utc(t);
  return fmt::format(FMT_COMPILE("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z"), utc.year(), utc.month(), utc.day(),
                     utc.time.hours().count(), utc.time.minutes().count(), utc.time.seconds().count(),
                     utc.time.subseconds().count());
}

std::string http_date(WallTime t) {
  const Utc utc(t);
  return fmt::format(FMT_COMPILE("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT"), weekdays[utc.weekday.c_encoding()],
                     utc.day(), months[utc.month() - 1], utc.year(), utc.time.hours().count(),
                     utc.time.minutes().count(), utc.time.seconds().count());
}

}  // namespace standin
