#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "base/text.h"
#include "config/check.h"
#include "config/forms.h"
#include "config/names.h"
#include "config/units.h"
#include "config/values.h"

namespace standin {
namespace {

using std::string_view;

/// Fields without which a kept charge could not be delivered.
std::vector<std::string> fields_needed(string_view dialect) {
  if (dialect == "usaepay") return {"UMkey", "UMcommand", "UMamount", "UMcard", "UMexpir", "UMhash", "UMrefNum"};
  return {"amount", "currency", "customer", "payment_method", "source"};
}

bool is_any(string_view word, std::initializer_list<string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

class PartyDialectCheck {
 public:
  PartyDialectCheck(const UpstreamConfig& upstream, const Node& node, Problems& problems)
      : upstream_(upstream), node_(node), problems_(problems) {}

  void all() {
    if (is_gateway(upstream_.dialect)) {
      gateway();
    } else {
      application();
    }
    const auto encrypted = [](const std::string& target) { return target.starts_with("https://"); };
    if (!upstream_.tls.ca_file.empty() && std::ranges::none_of(upstream_.targets, encrypted)) {
      warn("tls.ca_file", "tls.ca_file is for https:// targets, of which it has none");
    }
    if (node_.find("forget_errors_after") != nullptr && upstream_.balance != Balance::scoreboard) {
      warn("forget_errors_after", "forget_errors_after is for balance = \"scoreboard\"");
    }
  }

 private:
  void error(string_view key, const std::string& what) {
    problems_.error(node_.place_of(key), fmt::format("upstream '{}': {}", upstream_.name, what));
  }
  void warn(string_view key, const std::string& what) {
    problems_.warn(node_.place_of(key), fmt::format("upstream '{}': {}", upstream_.name, what));
  }

  void application() {
    for (const string_view key : {"currency", "country", "credentials_file", "finder.before", "finder.after",
                                  "finder.timezone", "finder.searches"}) {
      const Node* given = node_.find(key);
      if (given == nullptr || (given->type == Node::Type::text && given->text.empty())) continue;
      error(key, fmt::format("'{}' means something only with a gateway's dialect: usaepay or stripe", key));
    }
    if (upstream_.finder && node_.find("finder.request") == nullptr) {
      error("finder", "'finder.request' is missing: only gateways have a search of their own");
    }
    const Node* reversal = node_.find("reversal");
    if (reversal != nullptr && reversal->type == Node::Type::text) {
      error("reversal",
            "\"void\" is a gateway's own command: write { request = \"POST /orders/{{upstream_reference}}/cancel\" }");
    }
  }

  void gateway() {
    for (const string_view key :
         {"finder.request", "finder.list", "finder.reference", "finder.state", "finder.not_standing"}) {
      if (node_.find(key) == nullptr) continue;
      error(key,
            fmt::format("'{}' is for applications: the dialect {} has a search of its own", key, upstream_.dialect));
    }
    const Node* reversal = node_.find("reversal");
    if (reversal != nullptr && reversal->type == Node::Type::table) {
      error("reversal",
            fmt::format("the dialect {} has a command of its own: write reversal = \"void\"", upstream_.dialect));
    }
    const bool searched_with_a_pin = upstream_.dialect == "usaepay" && upstream_.finder;
    if (searched_with_a_pin && upstream_.credentials.empty() && node_.find("credentials_file") == nullptr) {
      warn("finder", "without a credentials_file, charges of source keys that have a PIN cannot be searched for");
    }
    in_clear();
  }

  void in_clear() {
    for (const std::string& target : upstream_.targets) {
      if (!target.starts_with("http://") || is_this_machine(target_host(target))) continue;
      warn("targets", fmt::format("'{}' is not https://: card numbers would travel in clear", target));
    }
  }

  const UpstreamConfig& upstream_;
  const Node& node_;
  Problems& problems_;
};

class RouteDialectCheck {
 public:
  RouteDialectCheck(const Config& config, const RouteConfig& route, const Node& node, Problems& problems)
      : config_(config), route_(route), node_(node), problems_(problems) {}

  void all() {
    dialects();
    several();
    if (!route_.is_protected()) return;
    for (const UpstreamConfig* upstream : upstreams()) {
      currency(*upstream);
      breaker(*upstream);
      journalled(*upstream);
    }
    if (!is_gateway(route_.dialect)) return;
    key();
    tenant();
    strip();
    deadline();
  }

 private:
  void error(string_view key, const std::string& what) {
    problems_.error(node_.place_of(key), fmt::format("route '{}': {}", route_.name, what));
  }
  void warn(string_view key, const std::string& what) {
    problems_.warn(node_.place_of(key), fmt::format("route '{}': {}", route_.name, what));
  }

  std::vector<const UpstreamConfig*> upstreams() const {
    std::vector<const UpstreamConfig*> found;
    for (const std::string& name : route_.all_upstreams()) {
      const auto upstream = config_.upstreams.find(name);
      if (upstream != config_.upstreams.end()) found.push_back(&upstream->second);
    }
    return found;
  }

  /// Answers of the first party are passed on unchanged, so that clients and it speak one dialect.
  void dialects() {
    const Node* stand_in = node_.find("stand_in");
    const bool in_place = stand_in != nullptr && stand_in->type == Node::Type::table;
    if (is_gateway(route_.dialect) && stand_in != nullptr && !in_place) {
      error("stand_in", fmt::format("the dialect {} has answers of its own: write stand_in = {{ policy = \"NAME\" }}",
                                    route_.dialect));
    }
    if (!is_gateway(route_.dialect) && in_place) {
      error("stand_in",
            "a stand_in written in place is for a gateway's dialect; with json, write stand_in = \"NAME\" "
            "and a [stand_in.NAME] with its facts and templates");
    }
    const auto first = config_.upstreams.find(route_.upstream);
    const bool matters = route_.is_protected() || node_.find("dialect") != nullptr;
    if (first == config_.upstreams.end() || !matters || first->second.dialect == route_.dialect) return;
    error(node_.find("dialect") != nullptr ? "dialect" : "upstream",
          fmt::format("its clients speak {}, but upstream '{}' speaks {}: a route's dialect is its first upstream's",
                      route_.dialect, route_.upstream, first->second.dialect));
  }

  void several() {
    if (route_.more_upstreams.empty()) return;
    if (!route_.is_protected()) {
      return error("upstream", "several parties mean something only with stand_in: a plain route has one");
    }
    if (!route_.journalled) {
      error("upstream",
            "several parties need idempotency = \"journalled\": after a restart, only the record says which "
            "of them may have charged already");
    }
    std::vector<std::string> names = route_.all_upstreams();
    std::ranges::sort(names);
    const auto twice = std::ranges::adjacent_find(names);
    if (twice != names.end()) error("upstream", fmt::format("'upstream' names '{}' twice", *twice));
    for (const UpstreamConfig* upstream : upstreams()) {
      if (!is_gateway(upstream->dialect)) {
        error("upstream", fmt::format("upstream '{}' speaks json: charges are carried over between gateways alone",
                                      upstream->name));
      } else if (upstream->name != route_.upstream && upstream->credentials.empty()) {
        error("upstream", fmt::format("upstream '{}' needs a credentials_file: charges are carried over to it in its "
                                      "own name",
                                      upstream->name));
      }
    }
  }

  void currency(const UpstreamConfig& upstream) {
    if (upstream.dialect != "usaepay" || !upstream.currency.empty()) return;
    error("upstream", fmt::format("upstream '{}' needs a currency, such as currency = \"USD\": amounts in usaepay name "
                                  "none",
                                  upstream.name));
  }

  void breaker(const UpstreamConfig& upstream) {
    for (const std::string& fact : upstream.breaker.key) {
      if (reads(fact)) continue;
      warn("upstream", fmt::format("the breakers of upstream '{}' go by {}, which is not read from its requests: they "
                                   "all share one",
                                   upstream.name, fact));
    }
  }

  /// Whether requests can differ in a breaker's fact. Gateways' name no country of the merchant: it is configured, for
  /// the upstream or each account.
  bool reads(string_view fact) const {
    const auto found = config_.stand_ins.find(route_.stand_in);
    if (found == config_.stand_ins.end()) return true;
    const StandInConfig& stand_in = found->second;
    if (fact == "merchant_country") {
      const bool by_account = std::ranges::any_of(stand_in.accounts, [](const auto& a) { return !a.country.empty(); });
      return by_account || stand_in.facts.contains("country") || !stand_in.country.empty();
    }
    return is_gateway(stand_in.dialect) || stand_in.facts.contains("card");
  }

  void journalled(const UpstreamConfig& upstream) {
    if (!route_.journalled || upstream.finder) return;
    warn("idempotency",
         fmt::format("upstream '{}' has no finder: an attempt left open by a crash waits for a person", upstream.name));
  }

  void key() {
    for (const std::string& name : route_.key_facts) {
      const std::string wrong = wrong_key(name);
      if (!wrong.empty()) error("key", fmt::format("'key' names '{}', {}", name, wrong));
    }
  }

  /// What is wrong with a part of the key, as the end of a sentence; "" if nothing is.
  std::string wrong_key(const std::string& name) const {
    const bool usaepay = route_.dialect == "usaepay";
    std::vector<std::string> facts{"amount", "card", "country", "customer", "merchant", "reference"};
    if (usaepay) facts.emplace_back("command");
    if (name.starts_with('/')) return "a JSON Pointer: fields of a form have names";
    if (std::ranges::find(facts, name) != facts.end()) return "";
    if (usaepay && name.starts_with("UM") && name.size() > 2) return "";
    const auto meant = nearest(name, facts);
    if (!usaepay && !meant && name != "command") return "";  // any form field
    return fmt::format("which is neither a fact nor a form field of the dialect {}{}; it reads {}{}", route_.dialect,
                       meant ? fmt::format("; did you mean '{}'?", *meant) : "", fmt::join(facts, ", "),
                       usaepay ? ", and fields that begin with UM" : "");
  }

  void tenant() {
    if (is_any(route_.tenant, {"merchant", "customer", "country"})) return;
    if (route_.tenant.empty()) {
      return warn("tenant", "it has no tenant: two merchants that send the same key share one order");
    }
    const std::vector<std::string> known{"merchant", "customer", "country"};
    const auto meant = nearest(route_.tenant, known);
    error("tenant", fmt::format("'tenant' names the fact '{}'{}; it is one of {}", route_.tenant,
                                meant ? fmt::format("; did you mean '{}'?", *meant) : "", fmt::join(known, ", ")));
  }

  void strip() {
    const auto stand_in = config_.stand_ins.find(route_.stand_in);
    if (stand_in == config_.stand_ins.end()) return;
    const std::vector<std::string> needed = fields_needed(route_.dialect);
    for (const std::string& field : stand_in->second.strip) {
      if (field.empty() || field.starts_with('/')) {
        error("stand_in.strip", fmt::format("'{}' is not the name of a form field", field));
      } else if (std::ranges::any_of(needed, [&](const auto& name) { return equal_ignoring_case(name, field); })) {
        error("stand_in.strip", fmt::format("'{}' is needed to deliver the charge later", field));
      }
    }
  }

  /// The party is told a second less than our deadline, in whole seconds.
  void deadline() {
    if (route_.dialect != "usaepay" || route_.deadline > limits::reverse_before_deadline + 1s) return;
    warn("deadline",
         fmt::format("of its deadline of {}, no whole second is left for the gateway to undo by itself what "
                     "it approves too late (UMtimeout)",
                     duration_text(route_.deadline)));
  }

  const Config& config_;
  const RouteConfig& route_;
  const Node& node_;
  Problems& problems_;
};

}  // namespace

void check_gateways(const Config& config, const Node& root, Problems& problems) {
  for (const Node* node : tables_in(root, "upstream")) {
    const auto found = config.upstreams.find(node->key);
    if (found != config.upstreams.end()) PartyDialectCheck(found->second, *node, problems).all();
  }
  const std::vector<const Node*> nodes = tables_in(root, "route");
  for (std::size_t i = 0; i < config.routes.size(); ++i) {
    RouteDialectCheck(config, config.routes[i], *nodes[i], problems).all();
  }
}

}  // namespace standin
