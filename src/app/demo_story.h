#pragma once

#include <string>

#include "app/demo_plan.h"

namespace standin::demo {

struct Options {
  bool once = false;        ///< end with the count, rather than with Ctrl-C
  Duration length = usual;  ///< within `shortest` and `longest`
  std::string keep;         ///< a folder to use and leave
};

/// Plays the story and counts. The exit status: 0 if every promise was kept and no shopper noticed anything, else 1.
int play(const Options& options);

}  // namespace standin::demo
