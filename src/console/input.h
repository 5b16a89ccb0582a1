#pragma once

#include <boost/json/object.hpp>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "net/message.h"

namespace standin::console {

/// "%2F" is "/"; a "%" that starts no escape stands for itself.
std::string percent_decoded(std::string_view text);

/// A time given by a person: "2026-11-22", "2026-11-22T03:04:05Z" (UTC), or "2h" for two hours ago.
Result<WallTime> parse_time(std::string_view text, WallTime now);

/// The named values of one request, read one by one. What is wrong with the first bad one is kept as `problem`, in
/// words that say what to send instead; reading goes on with defaults, so that a handler asks once, after it has read
/// all.
class Input {
 public:
  /// The query's parameters; any that is not among `known` is a problem.
  static Input of_query(const Request& request, std::initializer_list<std::string_view> known);
  /// The fields of the body, a JSON object or nothing.
  static Input of_body(const Request& request, std::initializer_list<std::string_view> known);

  /// "" when absent.
  std::string text(std::string_view name);
  /// What is kept and logged as it is written: what looks like a card number in it is a problem.
  std::string kept_text(std::string_view name);
  /// The same; absent or blank is a problem too; `what_for` ends the sentence that says so.
  std::string required_text(std::string_view name, std::string_view what_for);
  std::optional<double> number(std::string_view name);
  bool flag(std::string_view name);
  std::optional<WallTime> time(std::string_view name, WallTime now);
  std::optional<Duration> span(std::string_view name);
  bool has(std::string_view name) const { return values_.contains(name); }

  void reject(std::string problem);
  const std::optional<std::string>& problem() const { return problem_; }

 private:
  void admit(std::string_view name, boost::json::value value, std::initializer_list<std::string_view> known);

  boost::json::object values_;
  std::optional<std::string> problem_;
};

}  // namespace standin::console
