#include "dialect/answer_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "dialect/plain_text.h"

namespace standin {
namespace {

/// Written by whoever sends the answer: a template that named them would break the connection's framing.
constexpr std::array<std::string_view, 4> framing{"Content-Length", "Transfer-Encoding", "Connection",
                                                  "Content-Encoding"};

bool is_token(std::string_view name) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || marks.find(c) != std::string_view::npos;
  });
}

std::optional<Escape> escape_for(std::string_view media_type) {
  switch (body_kind(media_type)) {
    case BodyKind::json: return Escape::json;
    case BodyKind::form: return Escape::form;
    case BodyKind::other: break;
  }
  if (media_type.ends_with("+xml") || media_type.ends_with("/xml") || media_type == "text/html") return Escape::markup;
  return media_type == "text/plain" ? std::optional(Escape::text) : std::nullopt;
}

}  // namespace

Result<AnswerTemplate> AnswerTemplate::make(const TemplateConfig& config, std::string_view name,
                                            std::span<const Selector> stripped) {
  const auto named = [&](const Error& error) { return failure(fmt::format("{}: {}", name, error.what), config.where); };
  AnswerTemplate answer;
  if (config.status < 200 || config.status > 599) return named({.what = "needs a status from 200 to 599"});
  answer.status_ = config.status;
  for (const auto& [header, value] : config.headers) {
    if (auto added = answer.add_header(header, value); !added) return named(added.error());
  }
  if (auto set = answer.set_body(config.body); !set) return named(set.error());
  if (auto checked = answer.check_stripped(stripped); !checked) return named(checked.error());
  return answer;
}

Result<void> AnswerTemplate::add_header(const std::string& header, const std::string& value) {
  if (!is_token(header)) return failure(fmt::format("\"{}\" is not a header's name", header));
  const auto same = [&](std::string_view name) { return equal_ignoring_case(name, header); };
  if (std::ranges::any_of(framing, same))
    return failure(fmt::format("the header {} is set when the answer is sent", header));
  if (has_controls(value)) return failure(fmt::format("the header {} has control characters", header));
  auto compiled = Template::compile(value, Escape::text);
  if (!compiled) return failure(fmt::format("the header {}: {}", header, compiled.error().what));
  if (same("Content-Type")) {
    if (compiled->has_placeholders())
      return failure("Content-Type cannot have placeholders: it says how values are escaped");
    media_type_ = lower(trim(std::string_view(value).substr(0, value.find(';'))));
  }
  headers_.emplace_back(header, std::move(*compiled));
  return {};
}

Result<void> AnswerTemplate::set_body(const std::string& text) {
  if (text.empty()) return {};
  if (media_type_.empty()) {
    if (auto added = add_header("Content-Type", "application/json"); !added) return added;
  }
  const auto escape = escape_for(media_type_);
  auto compiled = Template::compile(text, escape.value_or(Escape::text));
  if (!compiled) return failure("the body: " + compiled.error().what);
  if (!escape && compiled->has_placeholders()) {
    return failure(fmt::format("the body: values cannot be escaped for {}; use JSON, a form, HTML, XML or text/plain",
                               media_type_));
  }
  body_ = std::move(*compiled);
  return {};
}

Result<void> AnswerTemplate::check_stripped(std::span<const Selector> stripped) const {
  for (const Selector& selector : stripped) {
    const Placeholder* echo = body_.echoing(selector);
    for (const auto& [header, value] : headers_) echo = echo ? echo : value.echoing(selector);
    if (!echo) continue;
    return failure(fmt::format("{{{{request:{}}}}} would show {}, which strip says may not be kept",
                               echo->selector->text(), selector.text()));
  }
  return {};
}

Response AnswerTemplate::render(const AnswerContext& context) const {
  PlaceholderValues values(context);
  const auto value = [&](const Placeholder& placeholder) { return values(placeholder); };
  Response response;
  response.status = status_;
  for (const auto& [header, text] : headers_) response.headers.add(header, text.render(value));
  response.body = body_.render(value);
  return response;
}

}  // namespace standin
