#pragma once

#include "config/problems.h"
#include "config/tree.h"

namespace standin {

/// Reports every unknown key, wrong type, wrong unit, missing required key and key of a later version in the document,
/// by the table of keys. Whatever it does not report can be read without further checks of its type.
void check_schema(const Node& root, Problems& problems);

}  // namespace standin
