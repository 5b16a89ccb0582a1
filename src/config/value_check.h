#pragma once

#include <string>

#include "config/keys.h"
#include "config/problems.h"
#include "config/tree.h"

namespace standin {

/// Reports what is wrong with one value, which stands at `path`: its type, unit, range or form.
void check_value(const Node& node, const Key& key, const std::string& path, Problems& problems);

/// "'server.threads': expected whole number 0..1024, found a text"
std::string wrong_type_text(const Node& node, const Key& key, const std::string& path);

}  // namespace standin
