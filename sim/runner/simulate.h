#pragma once

#include <CLI/App.hpp>

namespace standin::sim {

/// Adds the verb `simulate`; its callback sets `status`: 0 every promise was kept, 1 one was broken, 2 wrong usage.
void add_simulate_verb(CLI::App& app, int& status);

}  // namespace standin::sim
