#include "dialect/judge.h"

#include <algorithm>

#include "base/planted.h"
#include "base/text.h"
#include "dialect/body.h"

namespace standin {
namespace {

std::string without_parameters(std::string_view content_type) {
  return lower(trim(content_type.substr(0, content_type.find(';'))));
}

std::string content_type_of(const TemplateConfig& config) {
  for (const auto& [header, value] : config.headers) {
    if (equal_ignoring_case(header, "Content-Type")) return without_parameters(value);
  }
  return config.body.empty() ? "" : "application/json";
}

/// Nothing if the value names nothing: null, or an empty string.
std::optional<std::string> reference_text(JsonValue value) {
  switch (value.kind()) {
    case JsonKind::null: return std::nullopt;
    case JsonKind::string: return value.text().empty() ? std::nullopt : std::optional<std::string>(value.text());
    case JsonKind::number: return std::string(value.text());
    case JsonKind::boolean:
    case JsonKind::array:
    case JsonKind::object: return std::string();
  }
  unreachable();
}

Judgement declined(bool pause_replay = false) { return {.outcome = Outcome::declined, .pause_replay = pause_replay}; }

}  // namespace

Result<Expectation> Expectation::make(const ExpectConfig& config) {
  Expectation expectation;
  expectation.status_ = config.status;
  expectation.media_type_ = without_parameters(config.content_type);
  if (config.pointer.empty()) return expectation;
  auto pointer = JsonPointer::parse(config.pointer);
  if (!pointer) return failure("pointer: " + pointer.error().what, config.pointer);
  expectation.pointer_ = std::move(*pointer);
  return expectation;
}

bool Expectation::is_status(int status) const {
  if (status_.empty()) return status >= 200 && status <= 299;
  return std::ranges::find(status_, status) != status_.end();
}

bool Expectation::is_media(std::string_view media_type) const {
  return media_type_.empty() ? body_kind(media_type) == BodyKind::json : media_type == media_type_;
}

std::optional<std::string> Expectation::match(const Response& response) const {
  if (!is_status(response.status)) return std::nullopt;
  if (!media_type_.empty() && !is_media(media_type(response.headers))) return std::nullopt;
  if (!pointer_) return std::string();
  const auto document = JsonDocument::parse(response.body);
  if (!document) return std::nullopt;
  const auto value = pointer_->in(document->root());
  return value ? reference_text(*value) : std::nullopt;
}

Result<Judge> Judge::make(const StandInConfig& config) {
  auto expected = Expectation::make(config.expect);
  if (!expected) return failure("expect: " + expected.error().what, expected.error().where);
  Judge judge(std::move(*expected));
  judge.decline_media_ = content_type_of(config.decline);
  if (!config.have_it) return judge;
  if (config.have_it->status.empty() || config.have_it->pointer.empty()) {
    return failure("have_it: needs a status and a pointer to the existing order's name: a bare status proves nothing");
  }
  auto have_it = Expectation::make(*config.have_it);
  if (!have_it) return failure("have_it: " + have_it.error().what, have_it.error().where);
  judge.have_it_ = std::move(*have_it);
  return judge;
}

Judgement Judge::judge(const Response& response) const {
  if (auto reference = expected_.match(response)) {
    return {.outcome = Outcome::approved, .upstream_reference = std::move(*reference)};
  }
  if (auto reference = have_it_ ? have_it_->match(response) : std::nullopt; reference && !reference->empty()) {
    return {.outcome = Outcome::approved, .upstream_reference = std::move(*reference), .already_there = true};
  }
  if (response.status >= 500) return {.outcome = Outcome::unknown, .cause = Cause::server_error};
  return response.status >= 400 ? client_error(response) : untrustworthy();
}

/// Written by the party itself, not by something in between: of the media type that its successes or its declines have.
bool Judge::is_own(const Response& response) const {
  const std::string media = media_type(response.headers);
  return expected_.is_media(media) || (!decline_media_.empty() && media == decline_media_);
}

Judgement Judge::client_error(const Response& response) const {
  const bool own = is_own(response);
  switch (response.status) {
    case 401:
    case 403: return declined(true);
    case 404: return own ? declined(true) : untrustworthy();
    case 408: return untrustworthy();
    case 409:  // "in progress" to some, "already done" to others
      if (planted(Bug::bare_409_is_proof)) return {.outcome = Outcome::approved, .already_there = true};
      return untrustworthy(false);
    case 429: return {.outcome = Outcome::not_done, .cause = Cause::server_error, .pause_replay = true};
    case 405:
    case 413:
    case 414:
    case 415:
    case 431:
      return declined(!own);  // refused before it was read; not by the party itself: the next order would fare alike
    default: return own ? declined() : untrustworthy();
  }
}

}  // namespace standin
