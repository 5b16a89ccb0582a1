#include "base/time.h"

#include <fmt/compile.h>

#include <algorithm>
#include <array>
#include <charconv>

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
constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

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

std::optional<WallTime> read_http_date(std::string_view text) {
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const auto* const month = std::ranges::find(months, text.substr(8, 3));
  const auto day = number(text.substr(5, 2)), year = number(text.substr(12, 4)), hour = number(text.substr(17, 2)),
             minute = number(text.substr(20, 2)), second = number(text.substr(23, 2));
  if (month == months.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(month - months.begin()) + 1),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

}  // namespace standin
