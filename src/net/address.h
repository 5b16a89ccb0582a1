#pragma once

#include <string_view>

namespace standin {

/// Whether a numeric address lies within a block: "192.0.2.7" in "192.0.2.0/24"; without a length the block is one
/// address.
bool address_within(std::string_view address, std::string_view block);

}  // namespace standin
