#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <fstream>
#include <iterator>

#include "app/certificates.h"
#include "app/verbs.h"
#include "base/random.h"
#include "base/text.h"
#include "cache/fallback_files.h"
#include "cache/kept_answer.h"
#include "config/config.h"
#include "config/route_match.h"
#include "dialect/party_queries.h"
#include "net/asio_clock.h"
#include "risk/decide.h"
#include "route/identify.h"
#include "route/redirect.h"
#include "route/router.h"

namespace standin {
namespace {

struct CheckOptions {
  std::string file, request;
};

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Vault keys_for(const Config& config) {
  if (auto vault = Vault::load(config.journal.key_file)) return std::move(*vault);
  fmt::print("# The key file {} cannot be used yet: order keys below are made with a passing key.\n",
             config.journal.key_file);
  return Vault::ephemeral(system_random());
}

void print_facts(const Result<Facts>& facts) {
  if (!facts) {
    fmt::print("facts: unreadable: {}\n", facts.error().what);
    return;
  }
  fmt::print("facts: amount={} merchant={} customer={} card={} network={} reference={} country={}\n",
             facts->amount ? text(*facts->amount) : "-", facts->merchant, facts->customer, facts->card, facts->network,
             facts->reference, facts->country);
}

std::string_view name(Operation operation) {
  switch (operation) {
    case Operation::charge: return "charge";
    case Operation::capture: return "capture";
    case Operation::cancel: return "cancel";
    case Operation::refund: return "refund";
    case Operation::read: return "read";
    case Operation::other: return "other";
  }
  unreachable();
}

/// What standin would answer by itself. The request is not shown again: it may hold a card number.
void print_answers(const Dialect& dialect, const AnswerContext& context, Operation operation,
                   const Decision& decision) {
  if (operation == Operation::charge) {
    fmt::print("decision in stand-in, with nothing promised yet: {}\n{}", decision.accept ? "accept" : "decline",
               explain(decision));
    fmt::print("\nanswer in stand-in:\n{}\n",
               to_wire(decision.accept ? dialect.approve(context) : dialect.decline(context)));
  } else if (operation == Operation::other) {
    fmt::print("never answered with a yes of ours: passed on as it is\n");
  } else {
    fmt::print("about an earlier charge: answered by standin while that is still its own, else passed on\n");
  }
  fmt::print("\nanswer when nothing can be promised:\n{}\n", to_wire(dialect.unavailable(context)));
}

void try_protected(const Site& site, const Vault& vault, const RouteConfig& route, const Request& request) {
  const Dialect& dialect = *site.dialects.at(route.stand_in);
  const Policy& policy = site.config.policies.at(site.config.stand_ins.at(route.stand_in).policy);
  const WallTime now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  UlidMaker ulids(system_random());
  const Ulid id = ulids.make(now);
  const RequestReading reading = dialect.read(request);
  const Result<Facts>& facts = reading.facts;
  const Intent intent = identify(route, vault, request, reading, id.text());
  const Decision decision =
      facts ? decide(*facts, nullptr, {}, policy, now) : decline_unreadable(facts.error().what, policy);
  fmt::print("operation: {}{}{}\n", name(reading.operation), reading.about.empty() ? "" : " of ", reading.about);
  print_facts(facts);
  fmt::print("order key: {}{}\n", intent.key.text(),
             intent.repeatable ? "" : " (no idempotency key: an intent of its own)");
  const Facts known = facts ? *facts : Facts{};
  const AnswerContext context{request, known, dialect.reference(id, 0), id.text(), intent.key, id, now};
  print_answers(dialect, context, reading.operation, decision);
}

/// What may become of it on a route without stand-in.
void try_plain(const RouteConfig& route, const Request& request) {
  if (!route.redirect.empty()) {
    const auto location = redirect_location(route.redirect, request);
    fmt::print("a plain route: {}\n", location
                                          ? fmt::format("redirected with {} to {}", route.redirect_status, *location)
                                          : "answered 400, since it names no host to redirect to");
    return;
  }
  fmt::print("a plain route: forwarded to {}, never stood in for\n", route.upstream);
  if (route.cache) {
    const Question question = question_of(request);
    fmt::print("cache: {}\n", question.bypass.empty()
                                  ? "answered from it while that is fresh; kept as its answer allows"
                                  : fmt::format("passed by ({})", question.bypass));
  }
  if (!route.fallback_files.empty()) {
    const auto file = fallback_file(route.fallback_files, request);
    fmt::print("while {} fails{}: {}\n", route.upstream, route.cache ? ", with nothing kept" : "",
               file ? fmt::format("a file of {}", route.fallback_files)
                    : fmt::format("no file of {} is for it", route.fallback_files));
  }
}

int try_request(const Site& site, const Vault& vault, const Request& request) {
  const auto host = request.headers.find("Host").value_or("");
  const RouteConfig* route =
      match_route(site.config, host, request.method, request.path(),
                  equal_ignoring_case(request.headers.find("X-Forwarded-Proto").value_or(""), "https"));
  if (!route) {
    fmt::print(stderr, "no route matches {} {}\n", request.method, request.path());
    return 1;
  }
  fmt::print("route: {} ({})\n", route->name, match_text(*route));
  if (route->is_protected()) {
    try_protected(site, vault, *route, request);
  } else {
    try_plain(*route, request);
  }
  return 0;
}

int check(const CheckOptions& options) {
  auto config = load_config(options.file);
  if (!config) return misconfigured(config.error());
  const std::string resolved = describe(*config);
  std::vector<std::string> warnings = config->warnings;
  const auto certificates = Certificates::load(*config);
  if (!certificates) return misconfigured(certificates.error());
  const WallTime now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  std::ranges::copy(Certificates::warnings(*certificates, now), std::back_inserter(warnings));
  const Vault vault = keys_for(*config);
  for (const auto& [upstream_name, upstream] : config->upstreams) {
    if (auto queries = make_queries(upstream); !queries) return misconfigured(queries.error());
  }
  const auto site = Site::make(std::move(*config), vault);
  if (!site) return misconfigured(site.error());
  for (const std::string& warning : warnings) fmt::print(stderr, "warning: {}\n", warning);
  if (options.request.empty()) {
    fmt::print("{}\n{}: good\n", resolved, options.file);
    return 0;
  }
  const auto wire = read_file(options.request);
  if (!wire) return misconfigured({.what = "cannot be read", .where = options.request});
  auto request = request_from_wire(*wire);
  if (!request)
    return misconfigured(
        {.what = "is not an HTTP request: a request line, headers, an empty line, the body", .where = options.request});
  // The newline that editors put at the end of a file is no part of the body.
  while (request->body.ends_with('\n') || request->body.ends_with('\r')) request->body.pop_back();
  return try_request(**site, vault, *request);
}

}  // namespace

int misconfigured(const Error& error) {
  fmt::print(stderr, "{}{}{}\n", error.where, error.where.empty() ? "" : ": ", error.what);
  return 2;
}

void add_check_verb(CLI::App& app, int& status) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* verb = app.add_subcommand("check", "Validate a configuration and show what it would do");
  verb->add_option("FILE", options->file, "configuration")->required();
  verb->add_option("--request", options->request,
                   "an HTTP request as it would arrive; prints facts, order key, decision, answer");
  verb->footer("Example: standin check standin.toml --request sample.http");
  verb->callback([options, &status] { status = check(*options); });
}

}  // namespace standin
