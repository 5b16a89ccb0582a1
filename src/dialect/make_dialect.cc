#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/text.h"
#include "dialect/dialect.h"
#include "dialect/json_dialect.h"

namespace standin {
namespace {

using Maker = Result<std::shared_ptr<const Dialect>> (*)(const StandInConfig&, const Vault&);

constexpr std::array<std::pair<std::string_view, Maker>, 1> makers{{{"json", make_json_dialect}}};

}  // namespace

Result<std::shared_ptr<const Dialect>> make_dialect(const StandInConfig& config, const Vault& vault) {
  std::vector<std::string> known;
  for (const auto& [name, make] : makers) {
    if (name == config.dialect) return make(config, vault);
    known.emplace_back(name);
  }
  return failure(fmt::format("stand_in.{}: there is no dialect {}; known are {}", config.name, config.dialect,
                             fmt::join(known, ", ")),
                 config.dialect);
}

}  // namespace standin
