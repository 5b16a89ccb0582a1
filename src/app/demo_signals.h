#pragma once

#include "base/time.h"

namespace standin::demo {

/// From now on the signals that end a demo, and SIGCHLD, are kept from every thread and wait for `next_signal`. Call
/// it before there is a second thread.
void hold_signals();

enum class Signal { none, stop, child_ended };

/// The next signal, or none once `within` is over.
Signal next_signal(Duration within);
/// Whether `next_signal` has ever returned `stop`.
bool stop_was_asked();

}  // namespace standin::demo
