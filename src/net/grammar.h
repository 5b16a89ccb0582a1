#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

/// What the parts of an HTTP/1 message may consist of (RFC 9110, RFC 9112), as narrowly as real clients allow: what two
/// programs could read differently is none of it.
namespace standin::grammar {

/// The name of a field, for one (RFC 9110, 5.6.2).
bool token(std::string_view text);
/// Capital letters, '-' and '_', as in every registered method. Some upstreams take `head` for HEAD, and would frame
/// their answer otherwise than we do.
bool method(std::string_view text);
/// A request target: any bytes but control characters, spaces and '#', which some cut a target at. Clients send
/// brackets, and other characters that a URI may not have, as they are.
bool target(std::string_view text);
/// Any bytes but control characters; tabs are allowed.
bool field_value(std::string_view text);
/// `name`, `192.0.2.7` or `[2001:db8::7]`, with a port or without: what Host may be, and the authority of a target.
bool authority(std::string_view text);

/// What may stand between a chunk's size and the end of its line (RFC 9112, 7.1.1); nothing, mostly. No blanks, which
/// nobody sends and some programs would read over.
bool chunk_extensions(std::string_view text);

/// Digits alone: neither a sign nor blanks, nor more than fit.
std::optional<std::uint64_t> decimal(std::string_view digits);
std::optional<std::uint64_t> hexadecimal(std::string_view digits);

/// Without the spaces and tabs around it.
std::string_view without_blanks(std::string_view text);

}  // namespace standin::grammar
