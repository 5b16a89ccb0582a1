#pragma once

#include <string>
#include <string_view>

namespace standin::rehearsal {

/// Lower-case hexadecimal, as clients of gateways write their hashes.
std::string sha1_hex(std::string_view text);
std::string md5_hex(std::string_view text);
std::string sha256_hex(std::string_view text);

}  // namespace standin::rehearsal
