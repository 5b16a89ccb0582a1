#include "sim/actors/gateway_party.h"

#include <algorithm>
#include <boost/json.hpp>
#include <limits>

#include "rehearsal/gateway/fields.h"

namespace standin::sim {
namespace {

using rehearsal::GatewayAnswer;
using rehearsal::GatewayAsk;
using rehearsal::GatewayExchange;
using rehearsal::GatewayFault;
using rehearsal::Payment;
using rehearsal::PaymentKind;
using rehearsal::PaymentState;

/// The merchant's own reference, wherever standin's dialects carry it: the order's, else the invoice's, else what is
/// written for people. `value_of` reads a field of the request or of the ledger's row.
template <class ValueOf>
std::string purchase_named(ValueOf value_of) {
  for (const std::string_view name : {"UMorderid", "metadata[order_id]", "metadata[reference]", "UMinvoice",
                                      "metadata[invoice]", "description", "UMdescription"}) {
    if (auto value = value_of(name); !value.empty()) return std::string(value);
  }
  return {};
}

std::string purchase_in(const Request& request) {
  const rehearsal::Fields fields(request.body);
  return purchase_named([&](std::string_view name) { return fields[name]; });
}

std::string purchase_of(const Payment& payment) {
  boost::system::error_code wrong;
  const auto metadata = boost::json::parse(payment.metadata.empty() ? "{}" : payment.metadata, wrong);
  return purchase_named([&](std::string_view name) -> std::string {
    if (name == "UMorderid") return payment.orderid;
    if (name == "UMinvoice") return payment.invoice;
    if (!name.starts_with("metadata[")) return payment.description;
    const auto inner = name.substr(name.find('[') + 1);
    const auto* object = metadata.if_object();
    const auto* value = object == nullptr ? nullptr : object->if_contains(inner.substr(0, inner.size() - 1));
    return value != nullptr && value->is_string() ? std::string(std::string_view(value->get_string())) : std::string();
  });
}

/// The row that a request is about, which names it in a field or in its path.
const Payment* row_named(const rehearsal::GatewayBooks& books, const Request& request) {
  constexpr std::size_t id_follows = 3;  // "/v1/charges/ID/capture"
  const rehearsal::Fields fields(request.body);
  if (const auto number = rehearsal::whole_number(fields["UMrefNum"], 1, std::numeric_limits<std::int64_t>::max())) {
    return books.find(*number);
  }
  std::string_view in_path = request.path();
  for (std::size_t at = 0; at < id_follows; ++at) {
    const auto slash = in_path.find('/');
    in_path = slash == std::string_view::npos ? "" : in_path.substr(slash + 1);
  }
  for (const std::string_view id : {fields["charge"], fields["payment_intent"], in_path.substr(0, in_path.find('/'))}) {
    const Payment* const row = id.starts_with("pi_") ? books.find_intent(id) : books.find_id(id);
    if (row != nullptr) return row;
  }
  return nullptr;
}

/// As the party's answers name it.
std::string reference_of(const Payment& payment) {
  if (!payment.intent.empty()) return payment.intent;
  return payment.id.starts_with("ch_") ? payment.id : std::to_string(payment.refnum);
}

bool is_stripes(const Payment& payment) { return !payment.intent.empty() || payment.id.starts_with("ch_"); }

/// The form's gateway knows a repeat by its facts, and for a while.
bool honours_key(const Payment& payment) { return is_stripes(payment) && !payment.idempotency_key.empty(); }

bool is_charge(const Payment& payment) {
  const bool gives_back = payment.kind == PaymentKind::refund || payment.kind == PaymentKind::credit;
  return !gives_back && payment.state != PaymentState::pending;
}

Sabotage kind_of(const GatewayFault& fault) {
  const bool after = fault.at == GatewayFault::Moment::after;
  switch (fault.kind) {
    case GatewayFault::Kind::hang:
    case GatewayFault::Kind::reset:
    case GatewayFault::Kind::truncate: return after ? Sabotage::answers_lost : Sabotage::gateway_errors;
    case GatewayFault::Kind::late: return Sabotage::slow_gateway;
    case GatewayFault::Kind::skew: return Sabotage::clock;
    case GatewayFault::Kind::status:
    case GatewayFault::Kind::error:
    case GatewayFault::Kind::duplicate:
    case GatewayFault::Kind::refuse:
    case GatewayFault::Kind::down: return Sabotage::gateway_errors;
  }
  unreachable();
}

/// Between its claim and the ledger: what was claimed must be given up, or it would be in the way for ever.
bool has_claimed(const GatewayExchange& exchange) {
  return exchange.stage == GatewayExchange::Stage::dispatched || exchange.stage == GatewayExchange::Stage::decided;
}

}  // namespace

struct GatewayParty::Location final : Server {
  Location(GatewayParty& of, std::size_t at, std::string name) : party(of), number(at), host(std::move(name)) {}
  void serve(std::shared_ptr<ServedCall> call) override {
    spawn(party.loop_->executor(), party.handle(*this, std::move(call)));
  }

  GatewayParty& party;
  std::size_t number;
  std::string host;
  bool open = false;
};

GatewayParty::GatewayParty(World& world, SimNet& net, Trace& trace, std::string name,
                           const std::vector<std::string>& hosts, rehearsal::GatewaySettings settings,
                           std::uint64_t seed)
    : world_(world),
      net_(net),
      trace_(trace),
      name_(std::move(name)),
      model_(std::move(settings), {}, seed),
      deliveries_(name_),
      loop_(world.make_loop()) {
  for (const std::string& host : hosts) {
    locations_.push_back(std::make_unique<Location>(*this, locations_.size(), host));
  }
  open_doors();
}

GatewayParty::~GatewayParty() {
  for (const auto& location : locations_) {
    if (location->open) net_.close(location->host);
  }
}

void GatewayParty::open_doors() {
  for (const auto& location : locations_) {
    const bool refuses = model_.refuses(location->number);
    if (refuses == !location->open) continue;
    trace_.note(world_.now(), location->host, "{}", refuses ? "closes its port" : "listens");
    if (refuses) {
      net_.close(location->host);
    } else {
      net_.listen(location->host, *location, loop_->executor());
    }
    location->open = !refuses;
  }
}

void GatewayParty::set_faults(std::vector<GatewayFault> faults) {
  for (const GatewayFault& fault : faults) {
    if (fault.is_condition()) struck(fault);
  }
  trace_.note(world_.now(), name_, "has {} faults from here on", faults.size());
  model_.set_faults(std::move(faults));
  open_doors();
}

void GatewayParty::cut_in_flight() {
  ++restarts_;
  trace_.note(world_.now(), name_, "restarts its front ends");
  for (const auto& location : locations_) {
    if (!location->open) continue;
    net_.close(location->host);
    location->open = false;
  }
  hung_.clear();
  open_doors();
}

void GatewayParty::close_batch() {
  trace_.note(world_.now(), name_, "closes its batch {}", model_.books().open_batch());
  commit(model_.close_batch(), nullptr);
}

Task<> GatewayParty::handle(const Location& location, std::shared_ptr<ServedCall> call) {
  const std::uint64_t life = restarts_;
  const std::uint64_t number = ++arrived_;
  GatewayExchange exchange = take(location, *call);
  const std::optional<std::size_t> delivery = note_delivery(exchange, *call);
  rehearsal::GatewayStep step;
  while (!step.answer && life == restarts_) {
    step = model_.next(exchange, loop_->clock().wall());
    commit(step.writes, call->connection());
    if (!step.answer && step.wait > Duration{}) co_await loop_->clock().sleep_for(step.wait);
  }
  const bool hangs = step.answer && step.answer->delivery == GatewayAnswer::Delivery::hang;
  if (delivery && !hangs) deliveries_.end(*delivery, world_.now());
  if (step.answer) {
    give(location, number, call, std::move(*step.answer));
  } else if (has_claimed(exchange)) {
    exchange.work.fail("00018");
  }
}

GatewayExchange GatewayParty::take(const Location& location, const ServedCall& call) {
  const Request& request = call.request();
  trace_.note(world_.now(), location.host, "request {} from {}: {} {}", arrived_, call.client(), request.method,
              request.target);
  GatewayExchange exchange = model_.arrive({location.number, request, loop_->clock().wall()});
  if (exchange.fault) struck(*exchange.fault);
  return exchange;
}

std::optional<std::size_t> GatewayParty::note_delivery(const GatewayExchange& exchange, const ServedCall& call) {
  const Request& request = call.request();
  const bool charges = exchange.work.ask == GatewayAsk::charge;
  const bool changes = exchange.work.ask == GatewayAsk::change;
  if (!charges && !changes) return std::nullopt;
  const Payment* const row = changes ? row_named(model_.books(), request) : nullptr;
  const std::string purchase = row == nullptr ? purchase_in(request) : purchase_of(*row);
  trace_.note(world_.now(), name_, "request {} is to {} {} {}", arrived_, charges ? "charge" : "change", purchase,
              exchange.work.amount_minor);
  if (call.is_copy()) repeated_.insert(purchase);
  if (changes && !request.headers.find("Standin-Replay")) return std::nullopt;
  return deliveries_.begin(purchase, call, world_.now());
}

void GatewayParty::struck(const GatewayFault& fault) const {
  if (on_fault) on_fault(kind_of(fault));
}

void GatewayParty::commit(const std::vector<rehearsal::GatewayWrite>& writes,
                          const std::shared_ptr<const Connection>& by) {
  makers_.resize(model_.books().payments().size(), {world_ms(world_.now()), by});
  for (const rehearsal::GatewayWrite& write : writes) {
    const auto* payment = std::get_if<Payment>(&write);
    if (payment == nullptr) continue;
    trace_.note(world_.now(), name_, "{} {} is {}: {}, {} of it given back, key {}", rehearsal::name(payment->kind),
                payment->refnum, rehearsal::name(payment->state), payment->amount.minor, payment->refunded_minor,
                payment->standin_key);
  }
}

void GatewayParty::give(const Location& location, std::uint64_t number, const std::shared_ptr<ServedCall>& call,
                        GatewayAnswer answer) {
  using How = GatewayAnswer::Delivery;
  switch (answer.delivery) {
    case How::whole:
    case How::twice:  // an exchange ends with the first of two
      trace_.note(world_.now(), location.host, "answers request {} with {}", number, answer.response.status);
      call->answer(std::move(answer.response), nullptr);
      return;
    case How::hang:
      trace_.note(world_.now(), location.host, "leaves request {} hanging", number);
      std::erase_if(hung_, [](const auto& earlier) { return earlier->gone(); });
      hung_.push_back(call);
      return;
    case How::reset:
    case How::truncate:
      trace_.note(world_.now(), location.host, "resets the connection of request {}", number);
      call->reset();
      return;
  }
  unreachable();
}

std::vector<ChargeMade> GatewayParty::charges() const {
  std::vector<ChargeMade> charges;
  std::size_t at = 0;
  for (const Payment& payment : model_.books().payments()) {
    const Maker& maker = makers_[at++];
    if (!is_charge(payment)) continue;
    LedgerEntry entry{.party = name_,
                      .reference = reference_of(payment),
                      .purchase = purchase_of(payment),
                      .key = payment.standin_key.empty() ? payment.idempotency_key : payment.standin_key,
                      .amount_minor = payment.amount.minor,
                      .refunded_minor = payment.refunded_minor,
                      .currency = std::string(payment.amount.currency.code()),
                      .approved = payment.state != PaymentState::declined,
                      .voided = payment.state == PaymentState::voided,
                      .keyed = honours_key(payment),
                      .at_ms = maker.at_ms};
    charges.push_back({.entry = std::move(entry), .by = maker.by, .undone_by_party = payment.reversed});
  }
  return charges;
}

std::vector<LedgerEntry> GatewayParty::ledger() const { return with_repeats(charges()); }

}  // namespace standin::sim
