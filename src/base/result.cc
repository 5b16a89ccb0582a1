#include "base/result.h"

#include <cstdio>
#include <cstdlib>

namespace standin {
namespace {

[[noreturn]] void die(std::string_view message, const std::source_location& at) {
  std::fprintf(stderr, "standin: broken invariant: %.*s (%s:%u)\n", static_cast<int>(message.size()), message.data(),
               at.file_name(), at.line());
  std::abort();
}

}  // namespace

void ensure(bool holds, std::string_view invariant, std::source_location at) {
  if (!holds) die(invariant, at);
}

void unreachable(std::source_location at) { die("a value outside its enumeration", at); }

}  // namespace standin
