#include "sim/trace.h"

namespace standin::sim {

void Trace::write(Instant now, std::string_view who, const std::string& what) {
  const auto micros = std::chrono::floor<std::chrono::microseconds>(now.time_since_epoch()).count();
  const auto whole = micros / 1'000'000;
  print_(fmt::format("{}:{:02}:{:02}.{:06} {:<12} {}", whole / 3600, whole / 60 % 60, whole % 60, micros % 1'000'000,
                     who, what));
}

}  // namespace standin::sim
