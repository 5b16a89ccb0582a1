#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/message.h"

namespace standin {

/// Where `pattern` (RouteConfig::redirect) sends a request: `{host}` is its Host without a port, `{target}` its path
/// and query, both with whatever a URL may not hold percent-encoded. Nothing if the pattern needs a Host that is not
/// there.
std::optional<std::string> redirect_location(std::string_view pattern, const Request& request);

/// The Host field without a port; "" if there is none.
std::string_view host_of(const Request& request);

}  // namespace standin
