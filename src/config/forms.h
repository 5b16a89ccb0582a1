#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

/// The forms of values that are more than a type. An Error says what is allowed, in words that fit behind the key's
/// name.
namespace standin {

/// Letters, digits, '-' and '_', at most 64.
Result<void> check_name(std::string_view text);
/// "" or RFC 6901.
Result<void> check_pointer(std::string_view text);
/// A JSON Pointer to a field, or a form field's name.
Result<void> check_selector(std::string_view text);
/// RFC 9110 token.
Result<void> check_header_name(std::string_view text);
/// No control characters: nothing that could end the header.
Result<void> check_header_value(std::string_view text);
/// "127.0.0.1:8080" or "[::1]:8080": an IP address and a port.
Result<void> check_listen_address(std::string_view text);
/// Whether a listener there can be reached from this machine alone.
bool is_loopback(std::string_view listen_address);
/// "192.0.2.1" or "192.0.2.0/24", IPv6 alike.
Result<void> check_address_block(std::string_view text);
/// "192.0.2.9" or "2001:db8::9".
Result<void> check_address(std::string_view text);
/// "192.0.2.53", "192.0.2.53:5353", "[2001:db8::53]:5353".
Result<void> check_name_server(std::string_view text);
/// "https://HOST[:PORT][/base]", "http://..." or "unix:/path".
Result<void> check_target(std::string_view text);
/// Of a target that is in its form: the host, without brackets, in lower case; "" of a Unix socket.
std::string target_host(std::string_view target);
/// Whether it can be seen by nobody outside this machine: "localhost", 127.0.0.0/8, ::1, or "".
bool is_this_machine(std::string_view host);
/// ISO 3166-1: two capital letters.
Result<void> check_country(std::string_view text);
/// An IANA name that this machine knows; an Error suggests the nearest.
Result<void> check_timezone(std::string_view text);
/// "GET /orders?key={{order_key}}": a method and a target.
Result<void> check_query(std::string_view text);
/// "https://{host}{target}": an http or https URL, of which the host and what follows it may be the request's own.
Result<void> check_redirect(std::string_view text);
/// One of HTTP's methods that are forwarded; an Error suggests the nearest.
Result<void> check_method(std::string_view text);

}  // namespace standin
