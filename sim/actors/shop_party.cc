#include "sim/actors/shop_party.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace standin::sim {
namespace {

using rehearsal::AcceptOrder;
using rehearsal::BeginCancelling;
using rehearsal::CancelOrder;
using rehearsal::Charge;
using rehearsal::InsertCharge;
using rehearsal::InsertOrder;
using rehearsal::NewOrder;
using rehearsal::OrderState;
using rehearsal::Placement;
using rehearsal::ShopAnswer;
using rehearsal::Step;
using rehearsal::Write;

constexpr std::string_view orders_path = "/orders";
constexpr std::string_view one_order = "/orders/";
constexpr std::string_view by_key = "/orders?key=";
constexpr std::string_view cancelling = "/cancel";

/// Most steps are quick, and one in a hundred takes up to seconds.
rehearsal::ResponseTime usual_step_time() {
  const auto parsed = rehearsal::ResponseTime::parse("percentiles:0=1,50=8,90=40,99=400,100=4000");
  ensure(parsed.has_value(), "the usual time of a step is one");
  return *parsed;
}

/// The order that a request wants cancelled.
std::optional<std::string_view> to_cancel(const Request& request) {
  std::string_view path = request.path();
  if (request.method != "POST" || !path.starts_with(one_order) || !path.ends_with(cancelling)) return std::nullopt;
  path.remove_prefix(one_order.size());
  return path.substr(0, path.find('/'));
}

/// What a careful shop would not have begun: its key has an order.
bool is_second(const rehearsal::ShopModel& model, const NewOrder& order, const Step& step) {
  return !step.writes.empty() && !order.standin_key.empty() && !model.find(order.standin_key).empty();
}

bool answers_existing(const Step& step) { return step.answer && step.answer->kind == ShopAnswer::Kind::existing; }

}  // namespace

void ShopBooks::set_state(const std::string& order_id, OrderState state) {
  const auto place = places_.find(order_id);
  ensure(place != places_.end(), "the shop changes only orders it has");
  books_.orders[place->second].state = state;
}

void ShopBooks::write(const Write& write, Instant now) {
  if (const auto* insert = std::get_if<InsertOrder>(&write)) {
    places_.emplace(insert->order.id, books_.orders.size());
    books_.orders.push_back(insert->order);
  } else if (const auto* charged = std::get_if<InsertCharge>(&write)) {
    books_.charges.push_back(charged->charge);
    charged_ms_.push_back(world_ms(now));
  } else if (const auto* accept = std::get_if<AcceptOrder>(&write)) {
    set_state(accept->order_id, OrderState::accepted);
  } else if (const auto* cancel = std::get_if<CancelOrder>(&write)) {
    set_state(cancel->order_id, OrderState::cancelled);
    for (Charge& charge : books_.charges) charge.voided |= charge.order_id == cancel->order_id;
  } else {
    set_state(std::get<BeginCancelling>(write).order_id, OrderState::cancelling);
  }
}

std::vector<LedgerEntry> ShopBooks::ledger() const {
  std::vector<LedgerEntry> entries;
  for (std::size_t at = 0; at < books_.charges.size(); ++at) {
    const Charge& charge = books_.charges[at];
    entries.push_back({.party = "shop",
                       .reference = charge.order_id,
                       .purchase = charge.cart_id,
                       .key = charge.standin_key,
                       .amount_minor = charge.amount.minor,
                       .currency = std::string(charge.amount.currency.code()),
                       .voided = charge.voided,
                       .at_ms = charged_ms_[at]});
  }
  return entries;
}

std::vector<LedgerEntry> ShopParty::ledger() const {
  std::vector<ChargeMade> charges;
  for (LedgerEntry& entry : books_.ledger()) {
    const auto by = placed_by_.find(entry.reference);
    entry.keyed = model_.habits().unique_index && !entry.key.empty();
    charges.push_back({.entry = std::move(entry), .by = by == placed_by_.end() ? nullptr : by->second});
  }
  return with_repeats(std::move(charges));
}

ShopParty::ShopParty(World& world, SimNet& net, Trace& trace, std::string host, rehearsal::ShopHabits habits)
    : world_(world),
      net_(net),
      trace_(trace),
      host_(std::move(host)),
      random_(world.fork_random()),
      ulids_(*random_),
      step_time_(usual_step_time()),
      model_({}, habits),
      deliveries_("shop") {
  ensure(!habits.through_gateway, "the shop of the world charges its cards itself");
  start();
}

ShopParty::~ShopParty() {
  if (alive()) net_.close(host_);
}

/// What a shop does that finds its books on disk: nothing is lost that was written, and what is half done is finished.
void ShopParty::start() {
  trace_.note(world_.now(), host_, "starts with {} orders", books_.books().orders.size());
  loop_ = world_.make_loop();
  model_ = rehearsal::ShopModel(books_.books(), model_.habits());
  commit(model_.recover([this] { return new_id("chg_"); }, world_.clock().wall()));
  net_.listen(host_, *this, loop_->executor());
}

void ShopParty::crash(Duration down_for) {
  if (alive()) {
    trace_.note(world_.now(), host_, "dies");
    struck(Sabotage::shop_crash);
    net_.close(host_);
    placing_.clear();
    loop_.reset();
    deliveries_.end_all(world_.now());
  }
  restart_ = world_.clock().at(world_.now() + down_for, [this] { start(); });
}

void ShopParty::struck(Sabotage kind) const {
  if (on_fault) on_fault(kind);
}

void ShopParty::commit(const std::vector<Write>& writes) {
  for (const Write& write : writes) {
    const Instant now = world_.now();
    if (const auto* insert = std::get_if<InsertOrder>(&write)) {
      trace_.note(now, host_, "takes order {} of {}, key {}", insert->order.id, insert->order.asked.cart_id,
                  insert->order.asked.standin_key);
    } else if (const auto* charged = std::get_if<InsertCharge>(&write)) {
      trace_.note(now, host_, "charges {} for order {} of {}", charged->charge.amount.minor, charged->charge.order_id,
                  charged->charge.cart_id);
    } else if (const auto* cancel = std::get_if<CancelOrder>(&write)) {
      trace_.note(now, host_, "cancels order {}", cancel->order_id);
    }
    books_.write(write, now);
    model_.apply(write);
  }
}

void ShopParty::set_usual_step_time() { step_time_ = usual_step_time(); }

Task<> ShopParty::take_step_time() {
  const Duration span = step_time_.draw(*random_);
  if (span > Duration{}) co_await loop_->clock().sleep_for(span);
}

void ShopParty::serve(std::shared_ptr<ServedCall> call) { spawn(loop_->executor(), handle(std::move(call))); }

Task<> ShopParty::handle(std::shared_ptr<ServedCall> call) {
  const Request& request = call->request();
  trace_.note(world_.now(), host_, "is asked by {}: {} {}", call->client(), request.method, request.target);
  if (request.method == "POST" && request.path() == orders_path) {
    co_await place(call);
  } else {
    co_await change(call);
  }
}

Task<> ShopParty::place(std::shared_ptr<ServedCall> call) {
  const auto order = rehearsal::order_from(call->request());
  const std::size_t delivery = deliveries_.begin(order ? order->cart_id : "", *call, world_.now());
  if (order && call->is_copy()) repeated_.insert(order->cart_id);
  co_await take_step_time();
  Response response;
  const bool is_first = order && placing_.insert(order->standin_key).second;
  if (order && !is_first && says_in_progress_) {
    response = rehearsal::error_response(409, "This order is being placed");
  } else if (order) {
    const Placement placement{*order, new_id("ord_"), new_id("chg_"), world_.clock().wall()};
    placed_by_.emplace(placement.order_id, call->connection());
    Step step = model_.begin(placement);
    if (is_second(model_, *order, step)) struck(Sabotage::careless_shop);
    commit(step.writes);
    if (!step.answer) {
      co_await take_step_time();
      step = model_.finish(placement);
      if (answers_existing(step)) struck(Sabotage::careless_shop);
      commit(step.writes);
    }
    response = response_to(*step.answer);
  } else {
    response = rehearsal::error_response(422, order.error().what);
  }
  co_await take_step_time();
  if (is_first) placing_.erase(order->standin_key);
  trace_.note(world_.now(), host_, "answers {}", response.status);
  deliveries_.end(delivery, world_.now());
  call->answer(std::move(response), nullptr);
}

/// Everything but a new order: cancels one, or reads.
Task<> ShopParty::change(std::shared_ptr<ServedCall> call) {
  co_await take_step_time();
  const Request& request = call->request();
  Response response = rehearsal::error_response(404, "No such page");
  if (const auto order_id = to_cancel(request)) {
    const Step step = model_.cancel(*order_id);
    commit(step.writes);
    response = response_to(*step.answer);
  } else if (request.method == "GET" && request.target.starts_with(by_key)) {
    response = response_with(model_.find(std::string_view(request.target).substr(by_key.size())));
  } else if (request.method == "GET" && request.path() == "/ping") {
    response = rehearsal::text_response(200, "UP:shop");
  }
  co_await take_step_time();
  trace_.note(world_.now(), host_, "answers {}", response.status);
  call->answer(std::move(response), nullptr);
}

}  // namespace standin::sim
