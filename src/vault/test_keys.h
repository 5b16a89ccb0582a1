#pragma once

#include <string>

#include "base/test_folder.h"

namespace standin {

inline std::string repeated(const std::string& digits) {
  std::string text;
  for (int i = 0; i < 32; ++i) text += digits;
  return text;
}

/// Keys that `openssl dgst` can be given too.
inline std::string known_key_file() {
  return "standin keys, version 1\n# of a test\norder-key " + repeated("01") + "\npayload " + repeated("02") +
         "\nfingerprint " + repeated("03") + "\nsign " + repeated("04") + "\nwrap-1 " + repeated("05") + "\n";
}

}  // namespace standin
