#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "console/api.h"

namespace standin {

/// A clock that stands still.
class StillClock final : public Clock {
 public:
  Instant now() const override { return {}; }
  WallTime wall() const override { return wall_time(1'800'000'000'000); }
  std::unique_ptr<Alarm> at(Instant, std::move_only_function<void()>) override { return nullptr; }
};

/// A journal of rows set by the test, which records what it is asked.
class FakeJournal final : public Journal {
 public:
  std::vector<OrderRow> order_rows;
  std::vector<TransitionRow> transition_rows;
  std::vector<Attempt> attempt_rows;
  std::vector<FollowUpRow> follow_up_rows;
  JournalHealth state;
  std::map<State, std::size_t> states;
  std::vector<Money> exposed, exposed_peak;
  bool failing = false;

  mutable std::optional<OrderFilter> asked;
  std::vector<ModeRow> modes_set;
  std::vector<SwitchRow> switches_set;
  std::vector<std::string> steps;  ///< of follow-ups: "7 take by ann: text"

  Task<Kept> keep(NewOrder) override { co_return Kept::not_kept; }
  Task<Kept> conclude(Conclusion) override { co_return Kept::not_kept; }
  Task<Applied> rebind(Lease, std::string) override { co_return Applied::failed; }
  bool used_before() const override { return false; }
  std::optional<Remembered> recall(const OrderKey&) const override { return std::nullopt; }
  Result<Sealed> answer(const Ulid&) override { return failure("sealed"); }
  Result<Sealed> request(const Ulid&) override { return failure("sealed"); }
  Task<Applied> mark_undelivered(Ulid, State, std::string) override { co_return Applied::failed; }
  Task<std::optional<Lease>> lease(Ulid, std::string, WallTime, Attempt) override { co_return std::nullopt; }
  Task<Applied> apply(Change) override { co_return Applied::failed; }

  Result<std::vector<OrderRow>> orders(const OrderFilter& filter) override {
    asked = filter;
    if (failing) return failure("the disk is gone", "orders");
    std::vector<OrderRow> found;
    for (const OrderRow& row : order_rows) {
      const bool wanted = (!filter.id || row.id == *filter.id) && (!filter.since || row.created >= *filter.since) &&
                          (!filter.until || row.created <= *filter.until);
      if (wanted && found.size() < filter.limit) found.push_back(row);
    }
    return found;
  }
  Result<std::vector<TransitionRow>> transitions(const Ulid&) override { return transition_rows; }
  Result<std::vector<Attempt>> attempts(const Ulid&) override { return attempt_rows; }
  Result<std::size_t> waiting(const std::string&) override { return states[State::accepted]; }
  std::map<State, std::size_t> counts() const override { return states; }

  Result<std::vector<FollowUpRow>> follow_ups(bool open_only) override {
    std::vector<FollowUpRow> rows;
    for (const FollowUpRow& row : follow_up_rows) {
      if (!open_only || row.state != "closed") rows.push_back(row);
    }
    return rows;
  }
  Task<Result<void>> update_follow_up(std::int64_t id, std::string action, std::string who, std::string text) override {
    if (failing) co_return failure("it is closed already");
    steps.push_back(std::to_string(id) + " " + action + " by " + who + ": " + text);
    co_return Result<void>();
  }

  Task<Result<void>> set_mode(ModeRow mode) override {
    if (failing) co_return failure("the disk is full", "modes");
    modes_set.push_back(mode);
    co_return Result<void>();
  }
  Result<std::vector<ModeRow>> modes() override { return std::vector<ModeRow>(); }
  Task<Result<void>> set_switch(SwitchRow row) override {
    if (failing) co_return failure("the disk is full", "switches");
    switches_set.push_back(row);
    co_return Result<void>();
  }
  Result<std::vector<SwitchRow>> switches() override { return switches_set; }

  Result<std::optional<Ulid>> holder(const std::string&, const std::string&) override { return std::nullopt; }
  std::vector<Money> exposure() const override { return exposed; }
  std::vector<Money> exposure_peak() const override { return exposed_peak; }
  JournalHealth health() const override { return state; }
};

class FakeReplay final : public ReplayControl {
 public:
  std::vector<ReplayOrder> started;
  std::vector<std::string> told;  ///< "pause orders by ann"
  bool refusing = false;
  ReplayStatus state{.route = "orders", .running = true, .rate = 5, .waiting = 3};

  Result<void> start(const ReplayOrder& what) override {
    if (refusing) return failure("its upstream's breaker is open");
    started.push_back(what);
    return {};
  }
  Result<void> pause(const std::string& route, const std::string& who) override {
    told.push_back("pause " + route + " by " + who);
    return {};
  }
  Result<void> resume(const std::string& route) override {
    told.push_back("resume " + route);
    return {};
  }
  Result<void> stop(const std::string& route) override {
    told.push_back("stop " + route);
    return {};
  }
  std::vector<ReplayStatus> status() const override { return {state}; }
};

/// What a handler answered, its body read as JSON.
struct Asked {
  Response response;
  boost::json::value json;
  int status() const { return response.status; }
  std::string detail() const { return std::string(json.at("detail").as_string()); }
};

/// The coroutine's result, run on a loop of its own.
template <class T>
T run_now(Task<T> task) {
  boost::asio::io_context loop{1};
  std::optional<T> result;
  const auto take = [](Task<T> work, std::optional<T>& into) -> Task<> {
    auto value = co_await std::move(work);
    into.emplace(std::move(value));
  };
  spawn(loop.get_executor(), take(std::move(task), result));
  loop.run();
  return std::move(*result);
}

/// The API over fakes, with two protected routes: "orders" and "refunds/eu".
struct ConsoleWorld {
  StillClock clock;
  FakeJournal journal;
  FakeReplay replay;
  std::unique_ptr<Modes> modes = std::move(*Modes::load(journal));
  TargetStates targets;
  std::shared_ptr<DnsBoard> names = std::make_shared<DnsBoard>();
  Api api{ports()};

  ConsolePorts ports() {
    return {.journal = journal,
            .replay = replay,
            .modes = *modes,
            .targets = targets,
            .clock = clock,
            .protected_routes =
                [] {
                  return std::vector<RouteConfig>{{.name = "orders", .stand_in = "order"},
                                                  {.name = "refunds/eu", .stand_in = "refund"}};
                },
            .names = names};
  }

  Asked ask(const std::string& method, const std::string& target, const std::string& body = "") {
    Request request{.method = method, .target = target};
    request.body = body;
    auto reply = run_now(api.handle(std::move(request), nullptr));
    boost::system::error_code error;
    auto json = boost::json::parse(reply.response.body, error);
    return {std::move(reply.response), std::move(json)};
  }
};

}  // namespace standin
