#pragma once

#include <CLI/App.hpp>

#include "base/result.h"

/// Each adds one verb to the command line; its callback sets `status` to the exit status: 0 done, 1 the operation
/// failed, 2 wrong usage or configuration.
namespace standin {

void add_serve_verb(CLI::App& app, int& status);
void add_check_verb(CLI::App& app, int& status);
void add_doctor_verb(CLI::App& app, int& status);
void add_keys_verb(CLI::App& app, int& status);
void add_sim_verb(CLI::App& app, int& status);
void add_load_verb(CLI::App& app, int& status);
void add_demo_verb(CLI::App& app, int& status);
void add_orders_verb(CLI::App& app, int& status);
void add_replay_verb(CLI::App& app, int& status);
void add_followups_verb(CLI::App& app, int& status);
void add_mode_verb(CLI::App& app, int& status);
void add_upstreams_verb(CLI::App& app, int& status);

/// Prints what is wrong with a configuration, and where, to standard error; the exit status.
int misconfigured(const Error& error);

}  // namespace standin
