#pragma once

#include <string>

#include "base/result.h"
#include "rehearsal/faults.h"

namespace standin::rehearsal {

/// Tells a running shop at `url` ("http://127.0.0.1:3000") what is wrong with it from now on. Blocks the calling
/// thread, a few seconds at most. For `die` at once the shop's silence is success.
Result<void> set_faults_at(const std::string& url, const Faults& faults);

/// Any simulated party's control: PUT `json` to `path` at `url`. An error if the answer is not 200. Blocks likewise.
Result<void> put_control(const std::string& url, const std::string& path, std::string json);

}  // namespace standin::rehearsal
