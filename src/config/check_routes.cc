#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "base/text.h"
#include "config/check.h"
#include "config/forms.h"
#include "config/names.h"
#include "config/route_match.h"
#include "config/units.h"
#include "config/values.h"

namespace standin {
namespace {

template <class Map>
std::vector<std::string> names_in(const Map& map) {
  std::vector<std::string> names;
  for (const auto& [name, value] : map) names.push_back(name);
  return names;
}

/// The part of the deadline that is kept for the commit.
Duration commit_budget(Duration deadline) {
  return std::min<Duration>(limits::commit_budget, deadline / limits::commit_budget_part);
}

class RouteCheck {
 public:
  RouteCheck(const Config& config, const RouteConfig& route, const Node& node, Problems& problems)
      : config_(config), route_(route), node_(node), problems_(problems) {}

  void all() {
    for (const std::string& upstream : route_.all_upstreams()) {
      names("upstream", upstream, names_in(config_.upstreams));
    }
    names("stand_in", route_.stand_in, names_in(config_.stand_ins));
    redirect();
    if (route_.is_protected()) {
      protected_route();
    } else {
      plain_route();
    }
  }

 private:
  void error(std::string_view key, const std::string& what) {
    problems_.error(node_.place_of(key), fmt::format("route '{}': {}", route_.name, what));
  }
  void warn(std::string_view key, const std::string& what) {
    problems_.warn(node_.place_of(key), fmt::format("route '{}': {}", route_.name, what));
  }

  void names(std::string_view key, const std::string& named, const std::vector<std::string>& known) {
    if (named.empty() || std::ranges::find(known, named) != known.end()) return;
    const auto meant = nearest(named, known);
    error(key,
          fmt::format("there is no [{}.{}]{}", key, named, meant ? fmt::format("; did you mean '{}'?", *meant) : ""));
  }

  void plain_route() {
    for (const std::string_view key :
         {"mode", "key", "key_window", "key_required", "tenant", "idempotency", "fold_duplicates"}) {
      if (node_.find(key) != nullptr) error(key, fmt::format("'{}' means something only with stand_in", key));
    }
    front_door();
  }

  /// A route redirects, or it has an upstream.
  void redirect() {
    if (route_.redirect.empty()) {
      if (node_.find("upstream") == nullptr) error("name", "it has no 'upstream', and no 'redirect' in its place");
      if (node_.find("redirect_status") != nullptr) error("redirect_status", "'redirect_status' without a 'redirect'");
      return;
    }
    for (const std::string_view key : {"upstream", "stand_in", "cache", "fallback_files", "outage_page"}) {
      if (node_.find(key) != nullptr) error(key, fmt::format("'{}' means nothing beside 'redirect'", key));
    }
    if (const auto good = check_redirect(route_.redirect); !good) error("redirect", good.error().what);
    if (route_.redirect_status >= 304 && route_.redirect_status <= 306) {
      error("redirect_status",
            fmt::format("{} is not a redirect: it is 301, 302, 303, 307 or 308", route_.redirect_status));
    }
  }

  /// What concerns pages, and not promises.
  void front_door() {
    const bool reads = route_.method.empty() || route_.method == "GET" || route_.method == "HEAD";
    for (const std::string_view key : {"cache", "fallback_files"}) {
      if (node_.find(key) == nullptr || reads) continue;
      error(key, fmt::format("'{}' is for GET and HEAD, and this route matches {} alone", key, route_.method));
    }
    if (route_.cache && route_.cache->bytes_max < limits::cache_bytes_min) {
      error("cache.size", fmt::format("a cache of {} holds nothing worth having: at least {}",
                                      bytes_text(route_.cache->bytes_max), bytes_text(limits::cache_bytes_min)));
    }
  }

  void protected_route() {
    for (const std::string_view key : {"cache", "fallback_files"}) {
      if (node_.find(key) == nullptr) continue;
      error(key, fmt::format("'{}' is for a route without stand_in: an order is nobody else's answer", key));
    }
    if (!route_.outage_page.empty()) {
      error("outage_page", "'outage_page' is for a route without stand_in: this one has answers of its own");
    }
    if (route_.method.empty() && !route_.path.empty() && !is_gateway(route_.dialect)) {
      warn("match", "it has no method, so that reads would be answered in the upstream's stead too");
    }
    if (route_.mode == Mode::forced) warn("mode", "'forced' never asks the upstream");
    if (route_.mode == Mode::fallback) {
      warn("mode",
           "'fallback' never asks the upstream: a router in front must have done so, with the same Standin-Key, or a "
           "replay is a second order");
    }
    deadline();
    key();
    key_window();
    tenant();
    fold_duplicates();
    for (const std::string& upstream : route_.all_upstreams()) this->upstream(upstream);
  }

  void deadline() {
    const Duration budget = commit_budget(route_.deadline);
    if (route_.deadline <= budget) return error("deadline", "the deadline leaves no time beside the journal's commit");
    if (route_.deadline > limits::commit_budget) return;
    warn("deadline",
         fmt::format("of its deadline of {}, {} is kept for the journal's commit: the upstream has {}",
                     duration_text(route_.deadline), duration_text(budget), duration_text(route_.deadline - budget)));
  }

  void key() {
    if (route_.key_facts.empty() && route_.key_header.empty()) {
      if (route_.key_required)
        return error("key_required", "'key_required' without a key: name a header or facts in 'key'");
      if (route_.fold_duplicates > Duration::zero()) return;
      return warn("key", "it has no key: a client's retry is a new order");
    }
    for (const std::string& fact : route_.key_facts) {
      if (fact.starts_with('/')) continue;
      known_fact("key", fact);
    }
  }

  void key_window() {
    if (route_.key_facts.empty()) {
      if (node_.find("key_window") == nullptr) return;
      return error("key_window",
                   "'key_window' is for a key made of facts: what a client sends as a key means its order for ever");
    }
    for (const std::string& name : route_.all_upstreams()) {
      const auto found = config_.upstreams.find(name);
      if (found == config_.upstreams.end() || found->second.duplicates != Duplicates::folded) continue;
      if (route_.key_window >= found->second.duplicates_window) continue;
      warn("key_window",
           fmt::format("upstream '{}' folds duplicates for {}: within it, a new order of the same facts gets the "
                       "first one's approval, and is not charged",
                       name,
                       found->second.duplicates_window == Duration::max()
                           ? "ever"
                           : duration_text(found->second.duplicates_window)));
    }
  }

  void known_fact(std::string_view key, const std::string& fact) {
    const auto stand_in = config_.stand_ins.find(route_.stand_in);
    if (stand_in == config_.stand_ins.end() || stand_in->second.facts.contains(fact)) return;
    if (is_gateway(route_.dialect) || node_.find("stand_in")->type == Node::Type::table) return;  // check_gateways
    const std::vector<std::string> known = names_in(stand_in->second.facts);
    const auto meant = nearest(fact, known);
    error(key, fmt::format("'{}' names the fact '{}', which stand_in '{}' does not read{}; it reads {}", key, fact,
                           route_.stand_in, meant ? fmt::format("; did you mean '{}'?", *meant) : "",
                           fmt::join(known, ", ")));
  }

  void tenant() {
    if (!route_.tenant.empty()) return known_fact("tenant", route_.tenant);
    const auto stand_in = config_.stand_ins.find(route_.stand_in);
    if (route_.key_header.empty() || stand_in == config_.stand_ins.end()) return;
    if (stand_in->second.facts.contains("merchant")) {
      warn("tenant",
           "it has no tenant: two merchants that send the same key share one order; write tenant = \"merchant\"");
    }
  }

  /// What is alike in all that decides is one intent; without the card and the reference, two purchases could be.
  void fold_duplicates() {
    if (route_.fold_duplicates == Duration::zero()) return;
    if (!route_.key_facts.empty() || !route_.key_header.empty()) {
      return error("fold_duplicates", "'fold_duplicates' is for requests without a key, and this route has one");
    }
    if (!route_.journalled) {
      error("fold_duplicates",
            "'fold_duplicates' needs idempotency = \"journalled\": what is passed on unwritten is charged each time");
    }
    const auto stand_in = config_.stand_ins.find(route_.stand_in);
    if (stand_in == config_.stand_ins.end() || is_gateway(route_.dialect)) return;
    for (const char* fact : {"card", "reference"}) {
      if (stand_in->second.facts.contains(fact)) continue;
      error("fold_duplicates", fmt::format("'fold_duplicates' goes by the fact '{}', which stand_in '{}' does not read",
                                           fact, route_.stand_in));
    }
  }

  void upstream(const std::string& name) {
    const auto found = config_.upstreams.find(name);
    if (found == config_.upstreams.end()) return;
    if (!found->second.duplicates) {
      error("upstream",
            fmt::format("upstream '{}' does not say what it does with duplicates: write duplicates = {{ kind = "
                        "\"keyed\", window = \"24h\" }}, or whichever of none, rejected, folded is true",
                        name));
    }
    const auto stand_in = config_.stand_ins.find(route_.stand_in);
    if (stand_in == config_.stand_ins.end()) return;
    if (stand_in->second.undelivered == Undelivered::reverse && !found->second.reversal) {
      error("upstream", fmt::format("stand_in '{}' has undelivered = \"reverse\", but upstream '{}' has no reversal",
                                    route_.stand_in, name));
    }
  }

  const Config& config_;
  const RouteConfig& route_;
  const Node& node_;
  Problems& problems_;
};

void check_pair(const RouteConfig& earlier, const Node& earlier_node, const RouteConfig& later, const Node& later_node,
                Problems& problems) {
  if (!later.name.empty() && earlier.name == later.name) {
    problems.error(later_node.place_of("name"), fmt::format("route '{}' is named already at {}", later.name,
                                                            at(problems.file(), earlier_node.place_of("name"))));
  }
  const bool same = earlier.host == later.host && earlier.method == later.method && earlier.path == later.path &&
                    earlier.is_for_clear_text() == later.is_for_clear_text();
  if (same && !later.path.empty()) {
    problems.error(
        later_node.place_of("match"),
        fmt::format("route '{}' matches '{}', as route '{}' does at {}: neither is more specific", later.name,
                    match_text(later), earlier.name, at(problems.file(), earlier_node.place_of("match"))));
  }
}

}  // namespace

void check_routes(const Config& config, const Node& root, Problems& problems) {
  const std::vector<const Node*> nodes = tables_in(root, "route");
  for (std::size_t i = 0; i < config.routes.size(); ++i) {
    RouteCheck(config, config.routes[i], *nodes[i], problems).all();
    for (std::size_t j = 0; j < i; ++j) {
      check_pair(config.routes[j], *nodes[j], config.routes[i], *nodes[i], problems);
    }
  }
}

}  // namespace standin
