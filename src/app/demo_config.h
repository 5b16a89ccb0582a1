#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "app/demo_plan.h"

namespace standin::demo {

/// Where the demo's processes listen, on 127.0.0.1.
struct Ports {
  std::uint16_t shop = 0, edge = 0, console = 0;
  std::array<std::uint16_t, locations> gateway{};
};

/// The demo's account at the gateway.
constexpr const char* source_key = "demo-key";
constexpr const char* source_pin = "1234";
constexpr const char* credentials_file = "cardgate.keys";

/// The standin.toml of the demo, with paths relative to its folder.
std::string configuration(const Plan& plan, const Ports& ports);

}  // namespace standin::demo
