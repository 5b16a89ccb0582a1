#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/scripted_transport.h"
#include "sim/world.h"
#include "upstream/party.h"

namespace standin {

constexpr const char* a_url = "http://a:1";
constexpr const char* b_url = "http://b:1";

inline Judged judge(const Response& response) {
  switch (response.status) {
    case 201: return {Outcome::approved};
    case 401: return {.outcome = Outcome::declined, .of_this_alone = true};
    case 402: return {Outcome::declined};
    case 500: return {Outcome::unknown, Cause::server_error};
    case 503: return {Outcome::not_done, Cause::server_error};
    default: return {Outcome::unknown, Cause::untrustworthy};
  }
}

inline UpstreamConfig one_target() { return {.name = "shop", .targets = {a_url}}; }
inline UpstreamConfig two_targets() { return {.name = "shop", .targets = {a_url, b_url}}; }
/// Two targets, of which b is the last resort.
inline UpstreamConfig a_then_b() {
  UpstreamConfig config = two_targets();
  config.health.path = "/ping";
  return config;
}
inline UpstreamConfig by_country() {
  UpstreamConfig config = one_target();
  config.breaker.key = {"merchant_country"};
  return config;
}

inline const Sending recognised{.purpose = Purpose::covered, .repeat_is_recognised = true};
inline Sending in_country(std::string country) {
  return {.purpose = Purpose::covered, .breaker_key = std::move(country)};
}

/// A world with one upstream whose targets do as `on` says, answers being due in 10 s and listened for until 60 s.
struct PartyScene {
  explicit PartyScene(UpstreamConfig upstream = one_target()) : config(std::move(upstream)) {
    transport.behave = [this](const Endpoint& target, const Request&) { return on.at(target.url); };
    if (!config.health.path.empty()) {
      b_is_announced_down = states.of(config, b_url);
      b_is_announced_down->pinged({.health = Health::down}, world.now());
    }
  }

  Party& party() {
    if (!first) first = make_party();
    return *first;
  }
  std::unique_ptr<Party> make_party() {
    return std::make_unique<Party>(config, world.clock(), world.random(), transport, states, world.executor());
  }
  Deadlines deadlines() { return {world.now() + 10s, world.now() + 60s}; }
  std::shared_ptr<Delivery> start(Sending sending = {Purpose::covered}) {
    return party().start({.method = "POST", .target = "/orders"}, judge, deadlines(), std::move(sending));
  }
  Forwarded deliver(Sending sending = {Purpose::covered}) {
    return world.run(party().deliver({.method = "POST", .target = "/orders"}, judge, deadlines(), std::move(sending)));
  }
  TargetView view(const std::string& url = a_url) { return states.of(config, url)->view(world.now()); }
  void trip(const std::string& url) {
    const auto target = states.of(config, url);
    for (int i = 0; i < 3; ++i) target->record(target->admit(world.now(), true), Breaker::End::timed_out, world.now());
    ASSERT_EQ(view(url).breaker, "open");
  }
  std::vector<std::string> reached() const {
    std::vector<std::string> urls;
    for (const auto& arrival : transport.arrived) urls.push_back(arrival.url);
    return urls;
  }

  UpstreamConfig config;
  World world;
  ScriptedTransport transport{world.clock()};
  TargetStates states;
  std::shared_ptr<TargetState> b_is_announced_down;
  std::map<std::string, Behaviour> on{{a_url, answers(201)}, {b_url, answers(201)}};
  std::unique_ptr<Party> first;
};

}  // namespace standin
