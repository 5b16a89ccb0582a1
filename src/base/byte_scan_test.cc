#include "base/byte_scan.h"

#include <gtest/gtest.h>

#include <string>

namespace standin::byte_scan {
namespace {

/// `c` is found wherever it stands in a text of any length, and nothing is where it does not.
template <class Suspicious>
void is_found_everywhere(char c, Suspicious suspicious) {
  for (std::size_t size = 0; size < 40; ++size) {
    std::string text(size, 'x');
    EXPECT_TRUE(none(text, suspicious)) << size;
    for (char& at : text) {
      at = c;
      EXPECT_FALSE(none(text, suspicious)) << int{c} << " in " << size;
      at = 'x';
    }
  }
}

TEST(ByteScan, FindsAByteWhereverItStands) {
  is_found_everywhere('#', [](std::uint64_t eight) { return has(eight, '#'); });
  is_found_everywhere('\x7f', [](std::uint64_t eight) { return has(eight, 0x7f); });
  is_found_everywhere('\0', [](std::uint64_t eight) { return has(eight, 0); });
}

TEST(ByteScan, FindsWhatIsBelowALimitOrNotAscii) {
  for (int c = 0; c < 256; ++c) {
    const std::string text(3, static_cast<char>(c));
    EXPECT_EQ(none(text, [](std::uint64_t eight) { return has_below(eight, ' '); }), c >= ' ') << c;
    EXPECT_EQ(none(text, has_above_ascii), c < 128) << c;
  }
  is_found_everywhere('\x1f', [](std::uint64_t eight) { return has_below(eight, ' '); });
  is_found_everywhere('\x80', has_above_ascii);
}

TEST(ByteScan, FindsOnlyThatByte) {
  for (int c = 0; c < 256; ++c) {
    const std::string text(9, static_cast<char>(c));
    EXPECT_EQ(none(text, [](std::uint64_t eight) { return has(eight, '"'); }), c != '"') << c;
  }
}

}  // namespace
}  // namespace standin::byte_scan
