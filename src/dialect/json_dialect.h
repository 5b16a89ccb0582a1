#pragma once

#include <memory>

#include "dialect/dialect.h"

namespace standin {

/// `dialect = "json"`: facts by JSON Pointer or form field, answers by template. docs/dialect-json.md.
Result<std::shared_ptr<const Dialect>> make_json_dialect(const StandInConfig& config, const Vault& vault);

}  // namespace standin
