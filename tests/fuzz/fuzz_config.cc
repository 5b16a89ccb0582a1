#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/config.h"

namespace standin {
namespace {

/// A folder that does not exist: the input's relative paths lead nowhere.
constexpr const char* file = "/nowhere/standin.toml";

bool has_secret(const Config& config) {
  return std::ranges::any_of(config.stand_ins,
                             [](const auto& entry) { return entry.second.replay_credential.has_value(); });
}

/// Whatever is accepted is described as a configuration that is accepted too, and means the same. A secret is not
/// shown, so that its description says less.
void check_description(const Config& config) {
  if (has_secret(config)) return;
  const std::string once = describe(config);
  const auto again = parse_config(once, file);
  ensure(again.has_value(), "a configuration's description is a configuration");
  ensure(describe(*again) == once, "a configuration's description means the same");
}

}  // namespace
}  // namespace standin

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = standin::parse_config(text, standin::file);
  if (config) {
    standin::check_description(*config);
  } else {
    standin::ensure(!config.error().what.empty(), "a refused configuration says why");
  }
  return 0;
}
