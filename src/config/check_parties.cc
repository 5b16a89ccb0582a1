#include <fmt/format.h>

#include <algorithm>

#include "config/check.h"
#include "config/units.h"
#include "config/values.h"

namespace standin {
namespace {

class PartyCheck {
 public:
  PartyCheck(const UpstreamConfig& upstream, const Node& node, Problems& problems)
      : upstream_(upstream), node_(node), problems_(problems) {}

  void timeouts() {
    const TimeoutsConfig& timeouts = upstream_.timeouts;
    if (timeouts.response <= timeouts.listen_late) return;
    problems_.error(
        node_.place_of("timeouts.response"),
        fmt::format("upstream '{}': timeouts.response of {} is longer than the {} of listen_late: an answer in "
                    "time would not be listened for",
                    upstream_.name, duration_text(timeouts.response), duration_text(timeouts.listen_late)));
  }

  void health() {
    if (upstream_.health.timeout <= upstream_.health.every) return;
    problems_.error(
        node_.place_of("health.timeout"),
        fmt::format("upstream '{}': health.timeout of {} is longer than the {} between two checks", upstream_.name,
                    duration_text(upstream_.health.timeout), duration_text(upstream_.health.every)));
  }

  /// Of a party that a protected route uses: what becomes of an order that may have happened.
  void promises() {
    const auto kind = upstream_.duplicates;
    if (!upstream_.finder && (kind == Duplicates::none || kind == Duplicates::rejected)) {
      warn("duplicates",
           "it has no finder and neither keys nor folds duplicates: an order that may have happened is held "
           "for a person");
    }
    const bool forgets = upstream_.duplicates_window != Duration::max();
    if (!upstream_.finder && forgets && (kind == Duplicates::keyed || kind == Duplicates::folded)) {
      warn("duplicates",
           fmt::format("it has no finder and remembers for {}: after that, an order that may have happened is "
                       "held for a person",
                       duration_text(upstream_.duplicates_window)));
    }
    if (upstream_.finder) finder(*upstream_.finder);
    if (!upstream_.reversal) {
      warn("reversal", "it has no reversal: a charge that was done though we declined becomes a follow-up");
    } else if (!upstream_.finder) {
      warn("finder", "it has no finder: only what a late answer names can be reversed, the rest becomes a follow-up");
    }
  }

 private:
  void finder(const FinderConfig& finder) {
    const Duration listened = upstream_.timeouts.listen_late;
    if (finder.max_processing + finder.index_lag >= listened) return;
    warn(
        "finder",
        fmt::format("its finder takes finding nothing for an answer after {}, but a late answer is listened for {}: if "
                    "the party may take that long, say so in finder.max_processing",
                    duration_text(finder.max_processing + finder.index_lag), duration_text(listened)));
  }

  void warn(std::string_view key, const std::string& what) {
    problems_.warn(node_.place_of(key), fmt::format("upstream '{}': {}", upstream_.name, what));
  }

  const UpstreamConfig& upstream_;
  const Node& node_;
  Problems& problems_;
};

}  // namespace

void check_parties(const Config& config, const Node& root, Problems& problems) {
  for (const Node* node : tables_in(root, "upstream")) {
    const auto found = config.upstreams.find(node->key);
    if (found == config.upstreams.end()) continue;
    PartyCheck check(found->second, *node, problems);
    check.timeouts();
    check.health();
    const auto uses = [&](const RouteConfig& route) {
      const std::vector<std::string> upstreams = route.all_upstreams();
      return std::ranges::find(upstreams, node->key) != upstreams.end();
    };
    if (std::ranges::none_of(config.routes, uses)) {
      problems.warn(node->key_place, fmt::format("no route uses upstream '{}'", node->key));
    }
    const auto protects = [&](const RouteConfig& route) { return uses(route) && route.is_protected(); };
    if (std::ranges::any_of(config.routes, protects)) check.promises();
  }
}

}  // namespace standin
