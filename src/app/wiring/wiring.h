#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/task.h"
#include "replay/replayer.h"
#include "route/router.h"
#include "upstream/party.h"
#include "upstream/target_states.h"

namespace standin {

using Parties = std::map<std::string, std::shared_ptr<Party>>;

/// The parties of a configuration on one event loop.
Parties make_parties(const Config& config, Clock& clock, Random& random, Transport& transport, TargetStates& states,
                     const Executor& executor);

/// What the replay deals with: every protected route of the site, with its parties. An error says what is wrong with
/// the configuration.
Result<std::vector<ReplayRoute>> replay_routes(const Site& site, const Parties& parties);

}  // namespace standin
