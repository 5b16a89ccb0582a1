#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "journal/journal.h"
#include "replay/similar.h"

namespace standin {

/// What is to be done about one due order.
struct Step {
  enum class Kind {
    replay,                  ///< send the original request again, with its own key
    find,                    ///< ask the party whether it already has it
    reverse,                 ///< undo what stands at the party
    nothing_stands,          ///< no attempt can have happened: conclude
    wait_for_charge,         ///< it is about a charge that is not delivered yet
    wait_for_retry,          ///< its client may come back, and is then answered by the party
    charge_came_to_nothing,  ///< it is about a charge that will never stand: withdraw it
    ask_person,              ///< nothing safe is left to do by itself
  };
  Kind kind = Kind::ask_person;
  std::string why;  ///< for the follow-up of ask_person
};

/// What decides about it.
struct OrderKnown {
  const OrderRow& order;
  const std::vector<Attempt>& attempts;
  const UpstreamConfig& party;  ///< that the order is bound to
  /// RequestReading::repeat_is_recognised: the request itself does not forbid what the party declares.
  bool repeat_is_recognised = true;
  const OrderRow* charge = nullptr;  ///< of an order that is `behind` one
  bool earlier_waits = false;        ///< an older order behind the same charge is not done yet
};

/// Decides from what is known of the order, what was tried, and what the party declares. Pure.
/// An attempt that may have happened is never repeated unless the party keys or folds duplicates and we are inside its
/// window: then the repeated request is itself the question. An intent is never sent: nobody was told yes.
Step next_step(const OrderKnown& known, WallTime now);

/// The party takes a repeat of the order's request for one: it declares so, its window is open until the last byte can
/// have been sent, and the request does not forbid it.
bool repeat_is_recognised(const OrderKnown& known, WallTime now);

/// When its attempts may have been carried out: where a listing would show the charge. An earlier process's clock may
/// have been set otherwise than this one's.
std::vector<SentSpan> when_sent(const OrderKnown& known, Duration deadline);
/// It is known when the attempts were made. Not of one by an earlier process, from before the machine was started
/// again, that had never heard the party: its own clock alone says when, and that may have been wrong.
bool is_dated(const std::vector<Attempt>& attempts);

/// A finder's "none" counts from then on: the party's longest processing time and index lag after the last byte can
/// have been sent; after this process began, of what an earlier one sent. A live forward sends nothing more once the
/// route's `deadline` has passed.
WallTime none_counts_from(const OrderKnown& known, Duration deadline);

/// How long to wait before trying the order again, after so many tries: doubled each time, with jitter of up to a half
/// (`fraction` in [0, 1)). Tries that never left cost the party nothing: the wait stays short, for as long as they are
/// the last ones.
Duration backoff(const std::vector<Attempt>& attempts, double fraction);

/// The detail of an attempt that never reached the party, or of a search that it answered with its limit of searches:
/// not one of the tries after which a person is asked.
std::string not_asked(std::string_view why);
bool was_asked(const Attempt& attempt);

/// Written before it was sent, and nobody was told anything.
bool is_intent(const OrderRow& order);
/// Said yes, and to be delivered: neither withdrawn nor an intent.
bool is_promised(const OrderRow& order);

}  // namespace standin
