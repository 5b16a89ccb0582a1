#include "net/resolver.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/event.h"
#include "base/text.h"
#include "net/asio_clock.h"
#include "net/dns_client.h"
#include "net/net_limits.h"

namespace standin {
namespace {

namespace ip = boost::asio::ip;

constexpr std::array families{AddressFamily::v4, AddressFamily::v6};

}  // namespace

/// One question in both families.
struct Resolver::Question {
  struct Heard {
    DnsAnswer answer;
    Instant at;
  };

  Instant asked;
  std::array<std::optional<Heard>, families.size()> heard;
  std::unique_ptr<Alarm> other_family;
  Event over;  ///< there are addresses, or there will be none
};

struct Resolver::Name {
  struct Known {
    ip::address address;
    Instant expires;
  };

  bool fresh(Instant at) const { return at < fresh_until; }
  bool usable(Instant at) const { return fresh(at) || (!known.empty() && at < stale_until); }
  Addresses addresses() const {
    Addresses all;
    for (const Known& each : known) all.push_back(each.address);
    return all;
  }

  std::string host;
  std::vector<Known> known;  ///< IPv4 first
  bool pinned = false;
  Instant answered{};     ///< when there last were addresses
  Instant fresh_until{};  ///< they are asked for anew from here on
  Instant stale_until{};  ///< and no longer used, whatever happens
  Instant ask_again{};    ///< not before, after a failure
  std::string error;
  std::shared_ptr<Question> question;  ///< in flight
};

Resolver::Resolver(Executor executor, DnsOptions options, std::shared_ptr<DnsBoard> board)
    : executor_(std::move(executor)), options_(std::move(options)), board_(std::move(board)) {}
Resolver::~Resolver() = default;

Resolver::Name& Resolver::name_of(const std::string& host) {
  auto& name = names_[host];
  if (name) return *name;
  name = std::make_unique<Name>();
  name->host = host;
  for (const auto& [pinned_host, addresses] : options_.pinned) {
    if (equal_ignoring_case(pinned_host, host)) pin(*name, addresses);
  }
  return *name;
}

void Resolver::pin(Name& name, const std::vector<std::string>& addresses) const {
  for (const std::string& text : addresses) {
    boost::system::error_code malformed;
    const auto address = ip::make_address(text, malformed);
    if (!malformed) name.known.push_back({address, Instant::max()});
  }
  if (name.known.empty()) return;
  name.pinned = true;
  name.fresh_until = Instant::max();
  publish(name);
}

Task<Result<Resolver::Addresses>> Resolver::resolve(std::string host, Instant deadline) {
  boost::system::error_code not_numeric;
  const auto numeric = ip::make_address(host, not_numeric);
  if (!not_numeric) co_return Addresses{numeric};
  Name& name = name_of(host);
  if (name.known.empty()) learn(name);
  if (!name.fresh(steady_now())) ask(name);
  if (const auto question = name.question; question && !name.fresh(steady_now())) {
    AsioClock clock(executor_);
    const Instant patience = question->asked + limits::dns_stale_after;
    const Instant until = name.usable(steady_now()) ? std::min(deadline, patience) : deadline;
    if (steady_now() < until) co_await question->over.wait_until(clock, until);
  }
  if (name.usable(steady_now())) co_return name.addresses();
  const std::string why = name.question ? "no answer in time" : name.error;
  co_return failure(fmt::format("cannot resolve {}: {}", host, why), host);
}

/// What another event loop has resolved: this one may come to its first request when no name server answers.
void Resolver::learn(Name& name) const {
  if (!board_) return;
  for (const auto& [text, expires] : board_->last_known(name.host)) {
    boost::system::error_code malformed;
    const auto address = ip::make_address(text, malformed);
    if (!malformed) name.known.push_back({address, expires});
  }
  if (!name.known.empty()) lasts(name);
}

bool Resolver::may_use(const std::string& host, const ip::address& address) {
  const auto found = names_.find(host);
  if (found == names_.end()) return true;
  Name& name = *found->second;
  if (!name.fresh(steady_now())) ask(name);
  return name.known.empty() ||
         std::ranges::any_of(name.known, [&](const Name::Known& known) { return known.address == address; });
}

void Resolver::unreachable(const std::string& host) {
  const auto found = names_.find(host);
  if (found == names_.end() || found->second->pinned) return;
  Name& name = *found->second;
  name.fresh_until = std::min(name.fresh_until, std::max(steady_now(), name.answered + options_.ttl_min));
}

/// Name servers that nobody reached may be those of a network that this machine has left.
DnsClient* Resolver::client(Name& name) {
  const bool idle = std::ranges::none_of(names_, [](const auto& each) { return each.second->question != nullptr; });
  if (client_doubtful_ && idle) client_ = nullptr;
  if (client_) return client_.get();
  client_doubtful_ = false;
  auto opened = DnsClient::open(executor_, options_.servers);
  if (opened) {
    client_ = std::move(*opened);
  } else {
    name.error = opened.error().what;
    name.ask_again = steady_now() + limits::dns_ask_again;
    publish(name);
  }
  return client_.get();
}

void Resolver::ask(Name& name) {
  if (name.question || steady_now() < name.ask_again || client(name) == nullptr || take_hosts_file(name)) return;
  const auto question = std::make_shared<Question>();
  question->asked = steady_now();
  name.question = question;
  for (std::size_t i = 0; i < families.size(); ++i) {
    client_->ask(name.host, families[i], [weak = weak_from_this(), &name, question, i](DnsAnswer answer) {
      if (const auto self = weak.lock()) self->heard(name, question, i, std::move(answer));
    });
  }
}

/// Some name servers never answer about IPv6: addresses of one family do not wait long for the other's.
void Resolver::heard(Name& name, const std::shared_ptr<Question>& question, std::size_t family, DnsAnswer answer) {
  const bool has_addresses = !answer.addresses.empty();
  question->heard[family] = Question::Heard{std::move(answer), steady_now()};
  if (std::ranges::all_of(question->heard, [](const auto& heard) { return heard.has_value(); })) {
    question->other_family = nullptr;
    name.question = nullptr;
    take(name, *question);
    question->over.set();
  } else if (has_addresses) {
    AsioClock clock(executor_);
    question->other_family =
        clock.at(steady_now() + limits::dns_other_family, [weak = weak_from_this(), &name, question] {
          const auto self = weak.lock();
          if (!self) return;
          self->take(name, *question);
          question->over.set();
        });
  }
}

/// A family that nobody answered about keeps the addresses whose time is not over.
void Resolver::take(Name& name, const Question& question) {
  std::vector<Name::Known> known;
  bool any = false;
  for (std::size_t i = 0; i < families.size(); ++i) {
    const auto& heard = question.heard[i];
    if (heard && heard->answer.definite) {
      for (const auto& [address, ttl] : heard->answer.addresses) {
        known.push_back({address, heard->at + within_bounds(ttl)});
        any = true;
      }
      continue;
    }
    if (heard) client_doubtful_ = true;
    const bool is_v4 = families[i] == AddressFamily::v4;
    for (const Name::Known& old : name.known) {
      if (old.address.is_v4() == is_v4 && old.expires > steady_now()) known.push_back(old);
    }
  }
  if (any) {
    name.known = std::move(known);
    answered(name);
  } else {
    name.error = question.heard[0]->answer.error;
    name.ask_again = steady_now() + limits::dns_ask_again;
  }
  publish(name);
}

/// A name in the hosts file is somebody's decision: no name server is asked about it.
bool Resolver::take_hosts_file(Name& name) {
  const Addresses found = client_->in_hosts_file(name.host);
  if (found.empty()) return false;
  name.known.clear();
  for (const auto& address : found) name.known.push_back({address, steady_now() + within_bounds(Duration::zero())});
  std::ranges::stable_partition(name.known, [](const Name::Known& known) { return known.address.is_v4(); });
  answered(name);
  publish(name);
  return true;
}

void Resolver::answered(Name& name) {
  name.answered = steady_now();
  name.error.clear();
  lasts(name);
}

void Resolver::lasts(Name& name) {
  const auto [first, last] = std::ranges::minmax(name.known, {}, &Name::Known::expires);
  name.fresh_until = first.expires;
  name.stale_until = last.expires == Instant::max() ? last.expires : last.expires + limits::dns_stale;
}

Duration Resolver::within_bounds(Duration ttl) const {
  return std::max(options_.ttl_min, std::min(ttl, options_.ttl_max));
}

void Resolver::publish(const Name& name) const {
  if (!board_) return;
  ResolvedName shown{.name = name.host,
                     .addresses = {},
                     .error = name.error,
                     .stale = !name.error.empty() && !name.known.empty(),
                     .pinned = name.pinned};
  for (const auto& [address, expires] : name.known) shown.addresses.push_back({address.to_string(), expires});
  board_->publish(std::move(shown));
}

}  // namespace standin
