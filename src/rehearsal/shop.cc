#include "rehearsal/shop.h"

#include <fmt/format.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cstdio>
#include <set>

#include "base/event.h"
#include "base/ulid.h"
#include "base/use_task.h"
#include "net/asio_clock.h"
#include "rehearsal/ledger.h"
#include "rehearsal/open_files.h"
#include "rehearsal/raw_session.h"
#include "rehearsal/seeded_random.h"
#include "rehearsal/shop_api.h"
#include "rehearsal/stop_on_signal.h"

namespace standin::rehearsal {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;

// Ten minutes of a hang at 16 orders a second.
constexpr std::size_t connections_max = 10'000;
// Accepting fails when files run out; trying again at once would only spin.
constexpr Duration accept_again_after = std::chrono::milliseconds(50);
// Longer than any proxy in front of the gateway takes to answer in its stead.
constexpr Duration charge_patience = std::chrono::seconds(10);
constexpr Duration ask_again_after = std::chrono::milliseconds(250);

}  // namespace

struct Shop::State : std::enable_shared_from_this<Shop::State> {
  State(Executor on, Ledger opened, Books books, std::optional<ChargeAccount> charges)
      : executor(std::move(on)),
        clock(executor),
        ledger(std::move(opened)),
        account(std::move(charges)),
        model(std::move(books), {.through_gateway = account.has_value()}),
        acceptor(executor),
        gateway(executor) {}

  Result<void> recover();
  Result<void> listen(const ShopOptions& options);
  Result<void> set_faults(const Faults& changed);
  Result<void> commit(const std::vector<Write>& writes);
  std::string new_id(std::string_view prefix) { return std::string(prefix) + ulids.make(clock.wall()).text(); }

  Task<> accept_all();
  Task<> serve(std::shared_ptr<RawSession> session);
  void leave(const std::shared_ptr<RawSession>& session);
  void close_all();

  Task<RawAnswer> respond(Request request);
  Task<RawAnswer> respond_with(Request request, Faults hit);
  Task<RawAnswer> place(Request request, Faults hit);
  Task<Response> read_or_cancel(Request request);
  Task<Response> cancel(std::string order_id);
  Task<Response> ask_until_answered(Ask ask);
  Task<GatewayWord> ask_gateway(const Ask& ask);
  Task<> settle_debts();
  Faults draw(const Request& request);
  Response control(const Request& request);
  Response ping() const;

  Executor executor;
  AsioClock clock;
  Ledger ledger;
  std::optional<ChargeAccount> account;
  ShopModel model;
  Faults faults;
  SeededRandom chance{1};
  UlidMaker ulids{system_random()};
  Acceptor acceptor;
  HttpClient gateway;
  std::set<std::shared_ptr<RawSession>> sessions;
  bool stopping = false;
  Event all_gone;
};

Result<void> Shop::State::recover() {
  if (account) return {};  // settle_debts
  return commit(model.recover([this] { return new_id("chg_"); }, clock.wall()));
}

Result<void> Shop::State::listen(const ShopOptions& options) {
  boost::system::error_code wrong;
  const auto address = asio::ip::make_address(options.address, wrong);
  const tcp::endpoint endpoint(address, options.port);
  if (!wrong) acceptor.open(endpoint.protocol(), wrong);
  if (!wrong) acceptor.set_option(asio::socket_base::reuse_address(true), wrong);
  if (!wrong) acceptor.bind(endpoint, wrong);
  if (!wrong) acceptor.listen(asio::socket_base::max_listen_connections, wrong);
  if (!wrong) return {};
  return failure(fmt::format("the shop cannot listen: {}", wrong.message()),
                 fmt::format("{}:{}", options.address, options.port));
}

Result<void> Shop::State::set_faults(const Faults& changed) {
  if (changed.answer == Misbehaviour::die && changed.at == Moment::now) ::_exit(died_exit_status);
  const auto indexed = ledger.set_unique_index(!changed.no_unique_index);
  if (!indexed) return indexed;
  faults = changed;
  chance = SeededRandom(changed.seed);
  ShopHabits habits = changed.habits();
  habits.through_gateway = account.has_value();
  model.set_habits(habits);
  return {};
}

Result<void> Shop::State::commit(const std::vector<Write>& writes) {
  const auto written = ledger.write(writes);
  if (!written) return written;
  for (const Write& write : writes) model.apply(write);
  return {};
}

Task<> Shop::State::accept_all() {
  const auto self = shared_from_this();
  while (!stopping) {
    boost::system::error_code wrong;
    RawSession::Socket socket(executor);
    co_await acceptor.async_accept(socket, asio::redirect_error(use_task, wrong));
    if (stopping) co_return;
    if (wrong) {
      co_await clock.sleep_for(accept_again_after);
    } else if (sessions.size() < connections_max) {
      socket.set_option(tcp::no_delay(true), wrong);
      spawn(executor, serve(*sessions.insert(std::make_shared<RawSession>(std::move(socket))).first));
    }
  }
}

Task<> Shop::State::serve(std::shared_ptr<RawSession> session) {
  const auto self = shared_from_this();
  bool more = true;
  while (more && !stopping) {
    auto request = co_await session->read();
    if (!request) break;
    auto answer = co_await respond(std::move(*request));
    more = co_await session->write(std::move(answer));
  }
  leave(session);
}

void Shop::State::leave(const std::shared_ptr<RawSession>& session) {
  session->close();
  sessions.erase(session);
  if (stopping && sessions.empty()) all_gone.set();
}

void Shop::State::close_all() {
  for (const auto& session : sessions) session->close();
}

Task<RawAnswer> Shop::State::respond(Request request) {
  if (request.path() == "/faults") co_return RawAnswer{to_wire(control(request))};
  const Faults hit = draw(request);
  co_return co_await respond_with(std::move(request), hit);
}

Task<RawAnswer> Shop::State::respond_with(Request request, Faults hit) {
  if (hit.delay_before > Duration{}) co_await clock.sleep_for(hit.delay_before);
  const bool misbehaves = hit.answer != Misbehaviour::none;
  if (misbehaves && hit.at == Moment::before) co_return misbehave(hit);
  RawAnswer answer;
  if (request.method == "POST" && request.path() == "/orders") {
    answer = co_await place(std::move(request), hit);
  } else {
    const Response response = co_await read_or_cancel(std::move(request));
    answer.bytes = to_wire(response);
  }
  if (hit.delay_after > Duration{}) co_await clock.sleep_for(hit.delay_after);
  if (misbehaves && hit.at == Moment::after) co_return misbehave(hit);
  co_return answer;
}

Task<RawAnswer> Shop::State::place(Request request, Faults hit) {
  auto order = order_from(request);
  if (!order) co_return RawAnswer{to_wire(error_response(422, order.error().what))};
  const Placement placement{std::move(*order), new_id("ord_"), new_id("chg_"), clock.wall()};
  Step step = model.begin(placement);
  Result<void> committed = commit(step.writes);
  if (committed && !step.answer) {
    if (hit.answer != Misbehaviour::none && hit.at == Moment::between) co_return misbehave(hit);
    if (step.ask) {
      const Response answer = co_await ask_until_answered(std::move(*step.ask));
      co_return RawAnswer{to_wire(answer)};
    }
    step = model.finish(placement);
    committed = commit(step.writes);
  }
  if (!committed) co_return RawAnswer{to_wire(error_response(500, committed.error().what))};
  co_return RawAnswer{to_wire(response_to(*step.answer))};
}

Task<Response> Shop::State::ask_until_answered(Ask ask) {
  while (true) {
    const GatewayWord word = co_await ask_gateway(ask);
    Step step = model.heard(ask, word, clock.wall());
    const auto committed = commit(step.writes);
    if (!committed) co_return error_response(500, committed.error().what);
    if (step.answer) co_return response_to(*step.answer);
    ask = std::move(*step.ask);
  }
}

Task<GatewayWord> Shop::State::ask_gateway(const Ask& ask) {
  const Instant deadline = clock.now() + charge_patience;
  const Request request = request_to_gateway(ask, *account, new_id(""));
  const auto answer =
      co_await gateway.exchange(account->gateway, request, {.send_before = deadline, .listen_until = deadline});
  co_return word_of(ask, answer);
}

/// What an earlier shop left open, and what could not be voided at once, until the gateway's word on it is definite.
Task<> Shop::State::settle_debts() {
  const auto self = shared_from_this();
  while (!stopping) {
    for (Ask& ask : model.owed()) {
      if (!stopping) co_await ask_until_answered(std::move(ask));
    }
    co_await clock.sleep_for(ask_again_after);
  }
}

Faults Shop::State::draw(const Request& request) {
  const bool placing = request.method == "POST" && request.path() == "/orders";
  if (!placing && !faults.everywhere) return {};
  return chance.fraction() < faults.fraction ? faults : Faults{};
}

Response Shop::State::control(const Request& request) {
  if (request.method == "GET") return json_response(200, to_json(faults));
  if (request.method != "PUT") return error_response(405, "GET or PUT");
  const auto changed = faults_from_json(request.body);
  if (!changed) return error_response(400, changed.error().what);
  if (const auto set = set_faults(*changed); !set) return error_response(409, set.error().what);
  return json_response(200, to_json(faults));
}

Response Shop::State::ping() const {
  switch (faults.ping) {
    case Faults::Ping::up: return text_response(200, "UP:shop");
    case Faults::Ping::down: return text_response(200, "DOWN:shop");
    case Faults::Ping::error: return text_response(500, "ERROR:shop");
  }
  unreachable();
}

Task<Response> Shop::State::read_or_cancel(Request request) {
  constexpr std::string_view orders = "/orders/";
  constexpr std::string_view by_key = "/orders?key=";
  if (request.method == "GET" && request.path() == "/ping") co_return ping();
  if (request.method == "GET" && request.target.starts_with(by_key)) {
    co_return response_with(model.find(std::string_view(request.target).substr(by_key.size())));
  }
  std::string_view path = request.path();
  if (request.method != "POST" || !path.starts_with(orders) || !path.ends_with("/cancel")) {
    co_return error_response(404, "No such page");
  }
  path.remove_prefix(orders.size());
  co_return co_await cancel(std::string(path.substr(0, path.find('/'))));
}

Task<Response> Shop::State::cancel(std::string order_id) {
  Step step = model.cancel(order_id);
  const auto committed = commit(step.writes);
  if (!committed) co_return error_response(500, committed.error().what);
  if (step.ask) co_return co_await ask_until_answered(std::move(*step.ask));
  co_return response_to(*step.answer);
}

Result<Shop> Shop::open(Executor executor, const ShopOptions& options) {
  raise_open_files();
  auto ledger = Ledger::open(options.ledger, !options.faults.no_unique_index);
  if (!ledger) return std::unexpected(ledger.error());
  auto books = ledger->read();
  if (!books) return std::unexpected(books.error());
  const auto state =
      std::make_shared<State>(std::move(executor), std::move(*ledger), std::move(*books), options.charge);
  auto ready = state->recover();
  if (ready) ready = state->set_faults(options.faults);
  if (ready) ready = state->listen(options);
  if (!ready) return std::unexpected(ready.error());
  spawn(state->executor, state->accept_all());
  if (state->account) spawn(state->executor, state->settle_debts());
  return Shop(state);
}

Shop::Shop(std::shared_ptr<State> state) : state_(std::move(state)) {}
Shop::Shop(Shop&&) noexcept = default;

Shop::~Shop() {
  if (!state_) return;
  state_->stopping = true;
  boost::system::error_code ignored;
  state_->acceptor.close(ignored);
  state_->close_all();
}

std::uint16_t Shop::port() const { return state_->acceptor.local_endpoint().port(); }

Result<void> Shop::set_faults(const Faults& faults) { return state_->set_faults(faults); }

Task<> Shop::stop(Duration within) {
  const auto state = state_;
  state->stopping = true;
  boost::system::error_code ignored;
  state->acceptor.close(ignored);
  for (const auto& session : state->sessions) session->finish();
  if (state->sessions.empty()) co_return;
  co_await state->all_gone.wait_until(state->clock, state->clock.now() + within);
  state->close_all();
}

int run_shop(const ShopOptions& options) {
  asio::io_context io(1);
  auto shop = Shop::open(io.get_executor(), options);
  if (!shop) {
    fmt::print(stderr, "standin sim shop: {} ({})\n", shop.error().what, shop.error().where);
    return 1;
  }
  const StopOnSignal stop(*shop, io);
  fmt::print("listening on {}:{}\n", options.address, shop->port());
  std::fflush(stdout);
  io.run();
  return 0;
}

}  // namespace standin::rehearsal
