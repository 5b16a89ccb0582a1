#pragma once

#include "config/config.h"
#include "config/problems.h"
#include "config/tree.h"

/// What sections say about each other: dangling names and contradictions are errors, what is risky but allowed are
/// warnings. `config.routes` are still in the order of the file.
namespace standin {

void check_process(const Config& config, const Node& root, Problems& problems);
void check_routes(const Config& config, const Node& root, Problems& problems);
void check_parties(const Config& config, const Node& root, Problems& problems);
void check_stand_ins(const Config& config, const Node& root, Problems& problems);
/// What gateways' dialects ask of their parties and routes, and what only they may have.
void check_gateways(const Config& config, const Node& root, Problems& problems);

}  // namespace standin
