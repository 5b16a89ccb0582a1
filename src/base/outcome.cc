#include "base/outcome.h"

#include "base/result.h"

namespace standin {

std::string_view name(Outcome outcome) {
  switch (outcome) {
    case Outcome::approved: return "approved";
    case Outcome::declined: return "declined";
    case Outcome::not_done: return "not_done";
    case Outcome::unknown: return "unknown";
  }
  unreachable();
}

bool is_definite(Outcome outcome) {
  switch (outcome) {
    case Outcome::approved:
    case Outcome::declined: return true;
    case Outcome::not_done:
    case Outcome::unknown: return false;
  }
  unreachable();
}

std::string_view name(Cause cause) {
  switch (cause) {
    case Cause::refused: return "refused";
    case Cause::timed_out_in_queue: return "timed_out_in_queue";
    case Cause::timed_out_in_service: return "timed_out_in_service";
    case Cause::server_error: return "server_error";
    case Cause::untrustworthy: return "untrustworthy";
    case Cause::breaker: return "breaker";
    case Cause::forced: return "forced";
    case Cause::fallback: return "fallback";
  }
  unreachable();
}

}  // namespace standin
