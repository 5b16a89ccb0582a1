#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dialect/json_document.h"
#include "dialect/template.h"

namespace {

using namespace standin;

/// The request's body follows the template after a line that says "---".
struct Input {
  std::string_view text, body;
};

Input split_input(std::string_view bytes) {
  constexpr std::string_view separator = "\n---\n";
  const auto at = bytes.find(separator);
  if (at == std::string_view::npos) return {bytes, {}};
  return {bytes.substr(0, at), bytes.substr(at + separator.size())};
}

std::string render(const Template& compiled, std::string_view body) {
  Request request{.method = "POST", .target = "/orders", .headers = {}, .body = std::string(body)};
  request.headers.add("X-Foo", body.substr(0, body.find_first_of("\r\n")));
  const Facts facts;
  const AnswerContext context{
      .request = request, .facts = facts, .reference = "r", .request_id = "i", .key = {}, .id = {}, .now = {}};
  PlaceholderValues values(context);
  return compiled.render([&](const Placeholder& placeholder) { return values(placeholder); });
}

}  // namespace

/// A template that compiles as JSON renders to JSON whatever the request says; the others never crash.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Input input = split_input(std::string_view(reinterpret_cast<const char*>(data), size));
  for (const Escape escape : {Escape::json, Escape::form, Escape::markup, Escape::text}) {
    const auto compiled = Template::compile(input.text, escape);
    if (!compiled) continue;
    const std::string rendered = render(*compiled, input.body);
    if (escape != Escape::json || rendered.empty()) continue;
    ensure(rendered == render(*compiled, input.body), "one context, one answer");
    // Names made from the request may repeat, and its values may be deeper than is read: both are still JSON.
    const auto document = JsonDocument::parse(rendered);
    ensure(document || document.error().what.starts_with("names ") ||
               document.error().what.find("deep") != std::string::npos,
           "a JSON template renders to JSON");
  }
  return 0;
}
