#pragma once

#include <string>
#include <string_view>

namespace standin {

/// Twelve hexadecimal characters of the 64-bit FNV-1a hash (http://www.isthe.com/chongo/tech/comp/fnv/): a name for a
/// version, stable over machines and releases. No security feature.
std::string version_of(std::string_view text);

}  // namespace standin
