#include "console/render.h"

#include <boost/json/array.hpp>

namespace standin::console {
namespace {

void put_amount(boost::json::object& out, const std::optional<Money>& amount) {
  if (!amount) {
    out["amount"] = nullptr;
    return;
  }
  out["amount"] = text(*amount);
  out["amount_minor"] = amount->minor;
  out["currency"] = amount->currency.code();
}

boost::json::value done_after_all(const OrderRow& order) {
  if (!order.done_after_all) return nullptr;
  return *order.done_after_all;
}

}  // namespace

boost::json::value rendered_time(WallTime time) {
  if (time == WallTime{} || time == never_due) return nullptr;
  return boost::json::string(iso8601(time));
}

boost::json::object rendered(const OrderRow& order) {
  boost::json::object out{{"id", order.id.text()},      {"state", name(order.state)},
                          {"accepted", order.accepted}, {"route", order.route},
                          {"upstream", order.upstream}, {"created", rendered_time(order.created)}};
  put_amount(out, order.facts.amount);
  out["tenant"] = order.tenant;
  out["merchant"] = order.facts.merchant;
  out["customer"] = order.facts.customer;
  out["card"] = order.facts.card;
  out["client_reference"] = order.facts.reference;
  out["reference"] = order.reference;
  out["upstream_reference"] = order.upstream_reference;
  out["request_id"] = order.request_id;
  out["order_key"] = order.key.text();
  out["cause"] = name(order.cause);
  out["upstream_had_done_it"] = done_after_all(order);
  out["attempts"] = order.attempts;
  out["unresolved"] = order.unresolved;
  out["undelivered"] = order.undelivered;
  out["shadow"] = order.shadow;
  out["first_sent"] = rendered_time(order.first_sent);
  out["due"] = rendered_time(order.due);
  return out;
}

boost::json::object rendered(const TransitionRow& transition) {
  return {{"to", name(transition.to)},
          {"at", rendered_time(transition.at)},
          {"who", transition.who},
          {"why", transition.why}};
}

boost::json::object rendered(const Attempt& attempt) {
  return {{"kind", attempt.kind}, {"target", attempt.target},         {"started", rendered_time(attempt.started)},
          {"open", attempt.open}, {"outcome", name(attempt.outcome)}, {"detail", attempt.detail}};
}

boost::json::object rendered(const FollowUpRow& follow_up) {
  boost::json::array notes;
  for (const std::string& note : follow_up.notes) notes.emplace_back(note);
  return {{"id", follow_up.id},       {"order", follow_up.order.text()},           {"state", follow_up.state},
          {"owner", follow_up.owner}, {"opened", rendered_time(follow_up.opened)}, {"reason", follow_up.reason},
          {"notes", std::move(notes)}};
}

boost::json::object rendered(const ReplayStatus& status) {
  return {{"route", status.route},     {"running", status.running}, {"paused", status.paused},
          {"why", status.why},         {"rate", status.rate},       {"in_flight", status.in_flight},
          {"waiting", status.waiting}, {"settled", status.settled}, {"matched", status.matched},
          {"refused", status.refused}, {"held", status.held},       {"failed", status.failed}};
}

boost::json::object rendered(const TargetView& target) {
  boost::json::array keys;
  for (const auto& one : target.keys) {
    keys.emplace_back(boost::json::object{{"key", one.key}, {"breaker", name(one.state)}});
  }
  boost::json::object out{{"upstream", target.upstream}, {"url", target.url},
                          {"breaker", target.breaker},   {"health", target.health},
                          {"location", target.location}, {"in_flight", target.in_flight},
                          {"good", target.good},         {"errors", target.errors},
                          {"timeouts", target.timeouts}, {"recent_errors", target.recent_errors}};
  out["key_facts"] = boost::json::array(target.key_facts.begin(), target.key_facts.end());
  out["keys"] = std::move(keys);
  return out;
}

boost::json::object rendered(const Cut& cut) {
  return {{"upstream", cut.upstream},
          {"key", cut.key},
          {"until", rendered_time(cut.until)},
          {"who", cut.who},
          {"why", cut.why}};
}

boost::json::object rendered(const ResolvedName& name) {
  boost::json::array addresses;
  for (const auto& one : name.addresses) addresses.emplace_back(one.address);
  return {{"name", name.name},
          {"addresses", std::move(addresses)},
          {"pinned", name.pinned},
          {"stale", name.stale},
          {"error", name.error}};
}

}  // namespace standin::console
