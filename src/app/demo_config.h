#pragma once

#include <cstdint>
#include <string>

#include "app/demo_plan.h"

namespace standin::demo {

/// Where the demo's processes listen, on 127.0.0.1.
struct Ports {
  std::uint16_t shop = 0, edge = 0, console = 0;
};

/// The standin.toml of the demo, with paths relative to its folder.
std::string configuration(const Plan& plan, const Ports& ports);

}  // namespace standin::demo
