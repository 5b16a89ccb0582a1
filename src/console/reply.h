#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <string_view>

#include "base/result.h"
#include "net/message.h"

namespace standin::console {

/// The value as application/json; bytes in it that are not UTF-8 are replaced.
Response json_response(int status, const boost::json::value& value);

/// {"name": [...]}
Response json_list(int status, std::string_view name, boost::json::array list);

/// application/problem+json (RFC 9457). `detail` says what to do.
Response refusal(int status, std::string_view title, std::string_view detail);
Response bad_input(std::string_view detail);
Response not_found(std::string_view detail);
/// The journal could not be read or written.
Response journal_failed(const Error& error);

}  // namespace standin::console
