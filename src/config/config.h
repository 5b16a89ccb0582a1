#pragma once

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/policy.h"
#include "base/result.h"
#include "base/time.h"

/// standin.toml, typed and checked. docs/configuration.md describes every key; a test compares the two.
namespace standin {

using namespace std::chrono_literals;

/// A certificate and its key, in PEM files.
struct CertificateConfig {
  std::string certificate;  ///< with the certificates between it and the authority, in that order
  std::string key;
  std::string where;  ///< file:line:column, for messages
};

enum class ClientCertificates { none, optional, required };

struct TlsListenConfig {
  std::vector<CertificateConfig> certificates;  ///< the first is shown where no name, or another, is asked for
  std::string client_ca;                        ///< PEM bundle of whom clients' certificates must be issued by
  ClientCertificates client_certificates = ClientCertificates::none;
};

struct ListenConfig {
  std::string address;
  std::optional<TlsListenConfig> tls;
  bool proxy_protocol = false;  ///< each connection begins with a header of the PROXY protocol
  bool http2 = true;
};

struct ServerConfig {
  std::vector<ListenConfig> listen{{.address = "127.0.0.1:8080", .tls = {}}};
  unsigned threads = 0;                  ///< 0: one per core
  std::size_t body_bytes_max = 1 << 20;  ///< on a protected route
  std::size_t streamed_body_bytes_max = std::numeric_limits<std::size_t>::max();
  std::size_t head_bytes_max = 32 << 10;
  std::size_t connections_max = 20'000;
  std::size_t connections_per_address = 2000;   ///< 0: unlimited
  std::size_t requests_per_connection = 10000;  ///< 0: unlimited
  Duration idle = 75s;                          ///< between requests
  Duration receive = 30s;                       ///< a request's head, and its body's longest silence
  std::size_t body_rate_min = 500;              ///< bytes a second, on average; 0: any
  std::size_t in_flight_bytes_max = 512u << 20;
  std::vector<std::string> trusted_proxies;  ///< addresses or CIDR blocks whose word on their clients is believed
  Duration drain = 150s;                     ///< longest graceful stop, late listening included
};

struct ConsoleConfig {
  std::string listen = "127.0.0.1:8081";  ///< /metrics, /healthz, /readyz; "" for none
  std::string socket;                     ///< operators' API; default beside the journal: DIR/standin.sock
};

struct JournalConfig {
  std::string path;  ///< of `url = "sqlite:PATH"`
  std::string key_file;
};

struct DnsConfig {
  std::vector<std::string> servers;  ///< "ADDRESS" or "ADDRESS:PORT"; none: as the system's resolver has them
  Duration ttl_min = 1s;             ///< a shorter time to live counts as this
  Duration ttl_max = 5min;           ///< and a longer one as this
};

struct LogConfig {
  std::string access = "-";  ///< access log file, "-" for standard output, "" for none
};

enum class Duplicates { none, rejected, folded, keyed };

/// Searches that a party allows: so many within a time.
struct SearchLimit {
  unsigned count = 0;
  Duration per{};
};

struct FinderConfig {
  std::string request;            ///< "GET /orders?key={{order_key}}"; "" where the dialect has a search of its own
  std::string list;               ///< JSON Pointer to the array of found orders; "" is the whole answer
  std::string reference = "/id";  ///< in each found order
  std::string state;  ///< pointer to a field that says whether it stands; "" when only standing ones are listed
  std::vector<std::string> not_standing;  ///< values of that field that mean it does not stand, e.g. "cancelled"
  Duration max_processing = 120s;         ///< `none` counts only this long after the last byte was sent,
  Duration index_lag = 0s;                ///< and this much more
  // Of the dialect's own search:
  Duration before = 20s, after = 20s;  ///< how far beside the attempt's own times a similar charge may be dated
  std::string timezone = "UTC";        ///< IANA name, of the party's times that name none
  std::vector<SearchLimit> searches;   ///< all of them hold; none: as many as there are
};

struct ReversalConfig {
  std::string request;              ///< "POST /orders/{{upstream_reference}}/cancel"; "" for the dialect's own void
  std::vector<int> done{200, 204};  ///< statuses that mean it no longer stands
};

struct TimeoutsConfig {
  Duration connect = 1s;
  Duration write = 5s;
  Duration response = 15s;
  Duration listen_late = 120s;
};

struct BreakerConfig {
  Duration window = 10s;
  unsigned minimum = 20;
  double error_rate = 0.5;
  unsigned consecutive = 3;  ///< timeouts in a row
  Duration open_for = 5s;
  Duration probe_timeout = 1s;
  unsigned successes = 2;        ///< good probes that close it
  Duration half_open_max = 60s;  ///< without a probe's verdict it opens again
  /// Facts that each have breakers of their own at every target: "merchant_country", "card_network".
  std::vector<std::string> key;
};

struct HealthConfig {
  std::string path;  ///< "" for no health checks
  Duration every = 5s;
  Duration timeout = 1s;
  std::string expect = "UP";  ///< what the body starts with; "" for any 200
};

enum class Balance { least_busy, scoreboard, random };

/// How a target's certificate is checked, and ours shown.
struct TlsConfig {
  std::string ca_file;      ///< PEM bundle; "" for the system's own
  std::string certificate;  ///< PEM file of what we show where a target asks for it; "" for nothing
  std::string key;          ///< PEM file of its key
};

/// One line of a gateway's credentials_file.
struct AccountConfig {
  std::string key;      ///< source key or API key
  std::string pin;      ///< "" if it has none
  std::string country;  ///< of its merchant; "" for the upstream's
};

struct UpstreamConfig {
  std::string name;
  std::vector<std::string> targets;
  std::string dialect = "json";                               ///< json, usaepay or stripe
  std::string currency;                                       ///< of amounts that name none; "" if every request does
  std::string country;                                        ///< of merchants whose requests name none
  std::vector<AccountConfig> credentials;                     ///< from credentials_file
  std::map<std::string, std::vector<std::string>> addresses;  ///< host -> pinned addresses, in place of DNS
  Duration forget_errors_after = 30min;                       ///< on the scoreboard
  TlsConfig tls;
  std::optional<Duplicates> duplicates;  ///< must be said where a protected route uses it
  Duration duplicates_window = Duration::max();
  std::optional<FinderConfig> finder;
  std::optional<ReversalConfig> reversal;
  Balance balance = Balance::least_busy;
  TimeoutsConfig timeouts;
  BreakerConfig breaker;
  HealthConfig health;
  unsigned concurrency = 200;
};

enum class Mode { off, automatic, forced, fallback, shadow };
std::string_view name(Mode mode);
std::optional<Mode> parse_mode(std::string_view name);  ///< "auto" for automatic

/// Answers kept in memory. The times are for answers that do not state their own.
struct CacheConfig {
  Duration fresh{};                   ///< an answer is given without asking the upstream
  Duration stale_while_revalidate{};  ///< after that: it is given, and asked for anew meanwhile
  Duration stale_if_error = 24h;      ///< after its freshness: it is given while the upstream fails
  std::size_t bytes_max = 64u << 20;  ///< all overhead included
  bool operator==(const CacheConfig&) const = default;
};

struct RouteConfig {
  std::string name;
  std::string host;              ///< "" for any
  std::string method;            ///< "" for any
  std::string path;              ///< "/orders", "/static/*" or "*"
  std::string dialect = "json";  ///< json, usaepay or stripe: what its clients and its first upstream speak
  std::string upstream;
  std::vector<std::string> more_upstreams;  ///< tried in turn, only when nothing was sent to the one before
  std::string stand_in;                     ///< "" for a plain route; the route's own name if it is written in place
  Mode mode = Mode::automatic;
  Duration deadline = 15s;
  std::string key_header;              ///< "Idempotency-Key"; at most one of the two is given
  std::vector<std::string> key_facts;  ///< names of facts, or JSON Pointers
  Duration key_window = 24h;           ///< so long after it is decided, an order is meant by a key made of its facts
  bool key_required = false;
  std::string tenant;                ///< name of a fact; "" for one tenant
  bool journalled = false;           ///< idempotency = "journalled": written before its first byte is sent
  Duration fold_duplicates{};        ///< requests without a key that look alike get one answer within it; zero: never
  std::string outage_page;           ///< file; answered with 503 when a plain route's upstream fails
  std::optional<CacheConfig> cache;  ///< of a plain route
  std::string fallback_files;        ///< folder; its files answer when a plain route's upstream fails; "" for none
  std::string redirect;  ///< "https://{host}{target}": where clients are sent, in place of an upstream; "" for none
  int redirect_status = 308;

  bool is_protected() const { return !stand_in.empty(); }
  /// It sends clients to the same host under TLS: who came under TLS is there already, and it does not match.
  bool is_for_clear_text() const { return redirect.starts_with("https://{host}"); }
  /// The first and the more, in their order; none of a route that redirects.
  std::vector<std::string> all_upstreams() const {
    std::vector<std::string> all;
    if (!upstream.empty()) all.push_back(upstream);
    all.insert(all.end(), more_upstreams.begin(), more_upstreams.end());
    return all;
  }
};

/// One answer by template: `{{...}}` placeholders in headers and body.
struct TemplateConfig {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string where;  ///< file:line:column of the body, for messages
};

struct ExpectConfig {
  std::vector<int> status;
  std::string content_type;
  std::string pointer;  ///< of the field that must be there: the order's name at the upstream
};

enum class AmountUnit { minor, decimal };
enum class Undelivered { hold, replay, reverse };

struct StandInConfig {
  std::string name;
  std::string dialect = "json";
  std::map<std::string, std::string> facts;  ///< fact -> JSON Pointer, or form field if it does not start with "/"
  std::optional<AmountUnit> amount_unit;
  std::string currency;                 ///< of amounts that name none; "" if every request does
  std::string country;                  ///< of merchants whose requests name none
  std::vector<AccountConfig> accounts;  ///< of a gateway: those whose country is known
  std::vector<std::string> require;     ///< sniff test: pointers that must be there
  TemplateConfig approve;
  TemplateConfig decline;
  TemplateConfig unavailable;
  std::string policy;
  std::vector<std::string> strip;  ///< pointers or form fields never journalled
  ExpectConfig expect;
  std::optional<ExpectConfig> have_it;
  Undelivered undelivered = Undelivered::hold;
  bool replay_by_itself = false;  ///< start = "when-healthy"; default "manual"
  double replay_rate = 20;        ///< orders a second
  unsigned replay_concurrency = 4;
  std::optional<std::string> replay_credential;  ///< "Authorization: ..." read from a file, in place of an expired one
};

struct Config {
  std::string file;
  std::string version;  ///< digest of the text, first 12 hexadecimal characters
  ServerConfig server;
  ConsoleConfig console;
  JournalConfig journal;
  LogConfig log;
  DnsConfig dns;
  std::vector<RouteConfig> routes;  ///< most specific first
  std::map<std::string, UpstreamConfig> upstreams;
  std::map<std::string, StandInConfig> stand_ins;
  std::map<std::string, Policy> policies;
  std::vector<std::string> warnings;  ///< risky but allowed, for `standin check`
};

/// Every problem found, each as "file:line:column: message", separated by newlines in Error::what.
Result<Config> load_config(const std::string& path);
/// The same for a text; body_file and the like are read relative to the folder of `file`.
Result<Config> parse_config(std::string_view text, const std::string& file);

/// The resolved configuration, defaults and paths included, in TOML's form; secrets that it read are not shown.
std::string describe(const Config& config);

}  // namespace standin
