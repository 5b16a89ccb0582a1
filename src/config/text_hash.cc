#include "config/text_hash.h"

#include <fmt/format.h>

#include <cstdint>

namespace standin {

std::string version_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return fmt::format("{:016x}", hash).substr(0, 12);
}

}  // namespace standin
