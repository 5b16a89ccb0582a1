#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "journal/journal.h"

namespace standin {

/// What is to be done about one due order.
struct Step {
  enum class Kind {
    replay,          ///< send the original request again, with its own key
    find,            ///< ask the party whether it already has it
    reverse,         ///< undo what stands at the party
    nothing_stands,  ///< no attempt can have happened: conclude
    ask_person,      ///< nothing safe is left to do by itself
  };
  Kind kind = Kind::ask_person;
  std::string why;  ///< for the follow-up of ask_person
};

/// Decides from what is known of the order, what was tried, and what the party declares. Pure.
/// An attempt that may have happened is never repeated unless the party keys or folds duplicates and we are inside its
/// window: then the repeated request is itself the question.
Step next_step(const OrderRow& order, const std::vector<Attempt>& attempts, const UpstreamConfig& party, WallTime now);

/// A finder's "none" counts from then on: the party's longest processing time and index lag after the last byte was
/// sent.
WallTime none_counts_from(const OrderRow& order, const std::vector<Attempt>& attempts, const UpstreamConfig& party);

/// How long to wait before trying the order again, after this many tries: doubled each time, with jitter of up to a
/// half
/// (`fraction` in [0, 1)).
Duration backoff(std::size_t tries, double fraction);

/// Withdrawn orders are undone, the others delivered.
bool is_withdrawn(State state);

}  // namespace standin
