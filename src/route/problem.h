#pragma once

#include <string_view>

#include "net/message.h"

namespace standin {

/// An answer of standin's own as application/problem+json (RFC 9457). `detail` is ours: nothing the client wrote.
Response problem(int status, std::string_view title, std::string_view detail);

}  // namespace standin
