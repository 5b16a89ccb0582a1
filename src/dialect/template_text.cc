#include "dialect/template_text.h"

#include <fmt/format.h>

#include "base/text.h"

namespace standin {

Result<std::vector<TemplatePiece>> split_template(std::string_view text) {
  std::vector<TemplatePiece> pieces;
  while (!text.empty()) {
    const auto open = text.find("{{");
    if (open != 0) pieces.push_back({false, std::string(text.substr(0, open))});
    if (open == std::string_view::npos) break;
    const auto close = text.find("}}", open);
    if (close == std::string_view::npos) return failure("a {{ is never closed by }}");
    const std::string_view inside = trim(text.substr(open + 2, close - open - 2));
    if (inside.empty()) return failure("{{}} names nothing");
    pieces.push_back({true, std::string(inside)});
    text.remove_prefix(close + 2);
  }
  return pieces;
}

Error unknown_placeholder(std::string_view word, const std::vector<std::string>& known) {
  const auto meant = nearest(word, known);
  const std::string hint = meant ? fmt::format("did you mean {{{{{}}}}}?", *meant)
                                 : fmt::format("known are {{{{{}}}}}", fmt::join(known, "}}, {{"));
  return {.what = fmt::format("there is no placeholder {{{{{}}}}}; {}", word, hint)};
}

}  // namespace standin
