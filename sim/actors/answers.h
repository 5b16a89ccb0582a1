#pragma once

#include "net/message.h"
#include "sim/actors/shopper.h"
#include "sim/checkers/evidence.h"

namespace standin::sim {

/// Puts into `told` what the answer says to a client of that side who asked for `told.what`: its kind, reference, whose
/// it is, and the answer as received. By rules of its own, with no code of the program's dialects: what it misreads,
/// they would not misread in the same way. Whatever is not plainly a yes or a no is `neither`. A reference of standin's
/// own is noted as its journal knows it.
void hear(Side side, const Response& response, Told& told);

}  // namespace standin::sim
