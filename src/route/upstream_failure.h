#pragma once

#include <string>

#include "upstream/party.h"

namespace standin {

/// Whether something else may be answered in the upstream's place: it gave no answer, or one of the four that RFC 5861
/// (4) takes for an error.
inline bool upstream_failed(const Forwarded& forwarded) {
  if (!forwarded.response) return true;
  const int status = forwarded.response->status;
  return status == 500 || (status >= 502 && status <= 504);
}

/// "; fwd-status=503" for Cache-Status (RFC 9211); empty if there was no answer.
inline std::string forwarded_status(const Forwarded& forwarded) {
  return forwarded.response ? "; fwd-status=" + std::to_string(forwarded.response->status) : std::string();
}

}  // namespace standin
