#pragma once

#include <sys/resource.h>

namespace standin::rehearsal {

/// Lets this process open as many files as its hard limit allows: the usual soft limit of 1,024 is less than the
/// connections that one hanging party collects.
inline void raise_open_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace standin::rehearsal
