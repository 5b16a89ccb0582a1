#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "dialect/dialect.h"
#include "dialect/json_pointer.h"

namespace standin {

/// An answer to look for: status, media type and a named field. Immutable.
class Expectation {
 public:
  static Result<Expectation> make(const ExpectConfig& config);

  /// The text of the field (empty if none is configured, or it is an array or object), or nothing if the answer is
  /// another.
  std::optional<std::string> match(const Response& response) const;
  /// Whether a media type is the one expected; any JSON one if none is configured.
  bool is_media(std::string_view media_type) const;

 private:
  Expectation() = default;
  bool is_status(int status) const;

  std::vector<int> status_;  ///< empty: any 2xx
  std::string media_type_;
  std::optional<JsonPointer> pointer_;
};

/// What an answer of the party means. docs/dialect-json.md has the table. Immutable.
class Judge {
 public:
  static Result<Judge> make(const StandInConfig& config);
  Judgement judge(const Response& response) const;

 private:
  explicit Judge(Expectation expected) : expected_(std::move(expected)) {}
  bool is_own(const Response& response) const;
  Judgement client_error(const Response& response) const;

  Expectation expected_;
  std::optional<Expectation> have_it_;
  std::string decline_media_;
};

}  // namespace standin
