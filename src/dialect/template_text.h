#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace standin {

/// A stretch of a template: text that stays, or what stands between "{{" and "}}", trimmed.
struct TemplatePiece {
  bool is_placeholder = false;
  std::string text;
};

/// An error if a "{{" is never closed or nothing stands inside it. The first "}}" closes.
Result<std::vector<TemplatePiece>> split_template(std::string_view text);

/// "there is no placeholder {{word}}", with the nearest of the known ones or, if none is near, all of them.
Error unknown_placeholder(std::string_view word, const std::vector<std::string>& known);

}  // namespace standin
