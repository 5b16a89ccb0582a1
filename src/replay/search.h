#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/event.h"
#include "base/random.h"
#include "dialect/party_queries.h"
#include "replay/search_budget.h"
#include "replay/similar.h"
#include "replay/turnstile.h"
#include "upstream/party.h"

namespace standin {

/// What one order looks for in a party's listing.
struct Quest {
  SecretText account;
  Listed wanted;
  std::vector<SentSpan> sent;  ///< at least one
};

/// What became of it.
struct Sought {
  bool read = false;            ///< the listing was read as far back as the window
  bool asked = false;           ///< not read though the party was asked: counts as a try. False for a spent budget.
  std::string why;              ///< of one that was not read
  WallTime since{};             ///< when reading began: what the party did later it need not show
  SearchWindow window;          ///< by the party's clock
  std::vector<Listed> similar;  ///< all that is not Likeness::none, each once
};

/// Reads one party's listing of charges for all orders that look for theirs. One pass serves every order of the account
/// that waited when it began; those that come meanwhile wait for the next. Newest first, page by page, until older than
/// the earliest window; compared here, since a party's own search knows neither masks nor clocks. Within the party's
/// search limits, whatever is asked of it. One event loop; `stop` from any thread.
class ListingSearch : public std::enable_shared_from_this<ListingSearch> {
 public:
  ListingSearch(Clock& clock, Random& random, Executor executor);

  /// The party as the configuration in force has it. The budget stays.
  void use(std::shared_ptr<Party> party, std::shared_ptr<const PartyQueries> queries);
  /// May take as long as the budget makes it.
  Task<Sought> look(Quest quest);
  /// Ends every wait soon, unread.
  void stop() { stopping_ = true; }

  /// True if nobody is about to record that charge as theirs; until `release`, nobody else may.
  bool adopt(const std::string& upstream_reference) { return adopting_.insert(upstream_reference).second; }
  void release(const std::string& upstream_reference) { adopting_.erase(upstream_reference); }

 private:
  struct Waiting;
  using Queue = std::vector<std::shared_ptr<Waiting>>;
  struct Pass;

  Task<> serve(std::shared_ptr<ListingSearch> self, SecretText account);
  Task<Sought> read(Pass& pass);
  static void begin(Pass& pass, const Lead& lead);
  Task<bool> read_page(Pass& pass);
  Task<bool> within_budget();

  Clock& clock_;
  Random& random_;
  Executor executor_;
  std::shared_ptr<Party> party_;
  std::shared_ptr<const PartyQueries> queries_;
  std::vector<SearchLimit> limits_;
  SearchBudget budget_;
  std::shared_ptr<Turnstile> passes_;
  std::map<SecretText, Queue> waiting_;  ///< one entry for each account that a pass is made for
  std::set<std::string> adopting_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace standin
