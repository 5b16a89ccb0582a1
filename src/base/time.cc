#include "base/time.h"

#include <fmt/compile.h>

#include <algorithm>
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
constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// The last `digits` digits of a number, each over the one that is there. Every request's line in the log has a time.
void put(std::string& text, std::size_t at, std::size_t digits, long number) {
  for (; digits > 0; number /= 10) text[at + --digits] = static_cast<char>('0' + number % 10);
}

/// Digits alone, and few.
std::optional<int> number(std::string_view text) {
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = 10 * value + (c - '0');
  }
  return value;
}

}  // namespace

std::string iso8601(WallTime t) {
  const Utc utc(t);
  std::string text = "0000-00-00T00:00:00.000Z";
  put(text, 0, 4, utc.year());
  put(text, 5, 2, utc.month());
  put(text, 8, 2, utc.day());
  put(text, 11, 2, utc.time.hours().count());
  put(text, 14, 2, utc.time.minutes().count());
  put(text, 17, 2, utc.time.seconds().count());
  put(text, 20, 3, utc.time.subseconds().count());
  return text;
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
