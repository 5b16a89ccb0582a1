#pragma once

#include <string>
#include <string_view>

namespace standin {

/// UMhash: "s/SEED/HEX/n" with the SHA-1 of command:pin:amount:invoice:seed, what is missing left empty.
std::string usaepay_hash(std::string_view command, std::string_view pin, std::string_view amount,
                         std::string_view invoice, std::string_view seed);

/// The REST side's `Authorization`: Basic key:s2/SEED/sha256hex(key seed pin).
std::string usaepay_authorization(std::string_view key, std::string_view pin, std::string_view seed);

}  // namespace standin
