#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace standin {

/// Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool is_utf8(std::string_view text);
/// With every byte that is not part of well-formed UTF-8 replaced by U+FFFD.
std::string mended_utf8(std::string_view text);
bool has_controls(std::string_view text);
/// Without C0 control characters and DEL.
std::string without_controls(std::string_view text);

/// The digits of a text that looks like a card's account number: 13 to 19 of them, spaces and dashes ignored, nothing
/// else, passing Luhn's check (ISO/IEC 7812-1 annex B).
std::optional<std::string> account_number(std::string_view text);

}  // namespace standin
