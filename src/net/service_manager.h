#pragma once

#include <string_view>

namespace standin {

/// Tells the service manager that started us, if it wants to know (sd_notify(3)): "READY=1", "STOPPING=1", ...
void notify_manager(std::string_view state);
/// A reload begins; READY=1 tells its end.
void notify_reloading();

}  // namespace standin
