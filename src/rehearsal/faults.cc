#include "rehearsal/faults.h"

#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <span>
#include <vector>

#include "base/text.h"

namespace standin::rehearsal {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 9> misbehaviours{
    "none", "status", "hang", "garbage", "login_page", "half_answer", "close_after_head", "reset", "die"};
constexpr std::array<std::string_view, 4> moments{"before", "between", "after", "now"};
constexpr std::array<std::string_view, 3> pings{"up", "down", "error"};
constexpr std::array<std::string_view, 11> members{
    "answer", "at",   "status",     "delay_before_ms",      "delay_after_ms", "fraction",
    "seed",   "ping", "everywhere", "charge_before_commit", "no_unique_index"};
constexpr std::int64_t delay_ms_max = 3'600'000;

std::string with_nearest(std::string message, std::string_view word, std::span<const std::string_view> allowed) {
  const std::vector<std::string> candidates(allowed.begin(), allowed.end());
  if (const auto meant = nearest(word, candidates)) message += fmt::format("; did you mean \"{}\"?", *meant);
  return message;
}

/// Reads members of an object, and remembers the first thing wrong with it.
class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}

  template <class Enum>
  void name(std::string_view member, std::span<const std::string_view> names, Enum& into) {
    const json::value* value = object_.if_contains(member);
    if (value == nullptr) return;
    const std::string_view word = value->is_string() ? std::string_view(value->get_string()) : std::string_view();
    for (std::size_t at = 0; at < names.size(); ++at) {
      if (names[at] == word) {
        into = static_cast<Enum>(at);
        return;
      }
    }
    refuse(with_nearest(fmt::format("\"{}\" is one of {}", member, fmt::join(names, ", ")), word, names));
  }

  void number(std::string_view member, std::int64_t least, std::int64_t most, auto assign) {
    const json::value* value = object_.if_contains(member);
    if (value == nullptr) return;
    if (value->is_int64() && value->get_int64() >= least && value->get_int64() <= most) {
      assign(value->get_int64());
    } else {
      refuse(fmt::format("\"{}\" is a whole number from {} to {}", member, least, most));
    }
  }

  void fraction(std::string_view member, double& into) {
    const json::value* value = object_.if_contains(member);
    if (value == nullptr) return;
    boost::system::error_code wrong;
    const double number = value->to_number<double>(wrong);
    if (wrong || !(number >= 0 && number <= 1)) return refuse(fmt::format("\"{}\" is a number from 0 to 1", member));
    into = number;
  }

  void flag(std::string_view member, bool& into) {
    const json::value* value = object_.if_contains(member);
    if (value == nullptr) return;
    if (!value->is_bool()) return refuse(fmt::format("\"{}\" is true or false", member));
    into = value->get_bool();
  }

  void nothing_else() {
    for (const auto& member : object_) {
      const std::string_view key = member.key();
      if (std::ranges::find(members, key) == members.end()) {
        refuse(with_nearest(fmt::format("there is no fault \"{}\"", key), key, members));
      }
    }
  }

  void refuse(std::string what) {
    if (!wrong_) wrong_ = std::move(what);
  }
  const std::optional<std::string>& wrong() const { return wrong_; }

 private:
  const json::object& object_;
  std::optional<std::string> wrong_;
};

template <std::size_t size, class Enum>
std::string_view word(const std::array<std::string_view, size>& names, Enum value) {
  return names.at(static_cast<std::size_t>(value));
}

}  // namespace

Result<Faults> faults_from_json(std::string_view text) {
  boost::system::error_code wrong;
  const json::value parsed = json::parse(text, wrong);
  if (wrong || !parsed.is_object()) return failure("faults are a JSON object, such as {\"answer\": \"hang\"}");
  Faults faults;
  Reader reader(parsed.get_object());
  reader.name("answer", misbehaviours, faults.answer);
  reader.name("at", moments, faults.at);
  reader.name("ping", pings, faults.ping);
  reader.number("status", 200, 599, [&](std::int64_t n) { faults.status = static_cast<int>(n); });
  reader.number("delay_before_ms", 0, delay_ms_max,
                [&](auto n) { faults.delay_before = std::chrono::milliseconds(n); });
  reader.number("delay_after_ms", 0, delay_ms_max, [&](auto n) { faults.delay_after = std::chrono::milliseconds(n); });
  reader.number("seed", 0, INT64_MAX, [&](std::int64_t n) { faults.seed = static_cast<std::uint64_t>(n); });
  reader.fraction("fraction", faults.fraction);
  reader.flag("everywhere", faults.everywhere);
  reader.flag("charge_before_commit", faults.charge_before_commit);
  reader.flag("no_unique_index", faults.no_unique_index);
  reader.nothing_else();
  if (faults.at == Moment::now && faults.answer != Misbehaviour::die)
    reader.refuse("\"at\": \"now\" is for \"die\" alone");
  if (reader.wrong()) return failure(*reader.wrong());
  return faults;
}

std::string to_json(const Faults& faults) {
  return json::serialize(json::object{{"answer", word(misbehaviours, faults.answer)},
                                      {"at", word(moments, faults.at)},
                                      {"status", faults.status},
                                      {"delay_before_ms", whole_milliseconds(faults.delay_before)},
                                      {"delay_after_ms", whole_milliseconds(faults.delay_after)},
                                      {"fraction", faults.fraction},
                                      {"seed", static_cast<std::int64_t>(faults.seed)},
                                      {"everywhere", faults.everywhere},
                                      {"ping", word(pings, faults.ping)},
                                      {"charge_before_commit", faults.charge_before_commit},
                                      {"no_unique_index", faults.no_unique_index}});
}

}  // namespace standin::rehearsal
