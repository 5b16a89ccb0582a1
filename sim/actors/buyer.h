#pragma once

#include <functional>
#include <memory>
#include <string>

#include "rehearsal/seeded_random.h"
#include "sim/actors/manners.h"
#include "sim/actors/shopper.h"
#include "sim/checkers/evidence.h"
#include "sim/net/sim_net.h"
#include "sim/sabotage.h"
#include "sim/trace.h"
#include "sim/world.h"

namespace standin::sim {

/// What all shoppers of a run share.
struct Market {
  World& world;
  Executor executor;
  Clock& clock;
  SimNet& net;
  Trace& trace;
  std::function<void(const Purchase&, const Told&)> on_told;
  std::function<void(Sabotage)> on_fault;
  std::size_t under_way = 0;  ///< what was sent and has not ended
  bool calm = false;          ///< nobody is rude any more
};

/// One shopper, who wants one thing paid for: asks until told, or gives up; then captures it, voids it, or wants money
/// back, or leaves it at that.
class Buyer : public std::enable_shared_from_this<Buyer> {
 public:
  Buyer(std::shared_ptr<Market> market, std::shared_ptr<const Shopper> shopper, Wish wish, Manners manners,
        std::uint64_t seed);

  /// From the first try until nothing more is wanted. Once.
  Task<> live();

  const Wish& wish() const { return wish_; }
  Side side() const { return shopper_->side(); }
  /// What the checkers judge by, so far.
  const Purchase& purchase() const { return purchase_; }

 private:
  /// What is asked once, and one sending of it.
  struct Question;
  struct Sending;

  Task<> pay();
  Task<> try_for(int tries_max);
  Question next_try(bool first);
  Question sale_of(const Wish& wish) const;
  Task<Told::Kind> ask(Question question);
  Task<> ask_twice(Question question);
  Task<> send_soon(Question question, std::shared_ptr<Sending> sending);
  Task<> send(Question question, std::shared_ptr<Sending> sending);
  void count(const Question& question, std::int64_t now_ms);
  void take(const Question& question, std::int64_t asked_ms, const Response& response, Sending& sending);
  Task<> look_after();
  Task<> do_fate(Aftermath plan);
  Task<> insist(Aftermath::Fate fate);
  Task<> undo();
  Task<> change(std::string_view what, std::int64_t amount_minor);
  Task<> pause(Duration about);

  bool is_rude(bool Manners::* trait);
  void rude(std::string_view what);
  bool knows_since(std::size_t answers) const;

  const std::shared_ptr<Market> market_;
  const std::shared_ptr<const Shopper> shopper_;
  rehearsal::SeededRandom random_;
  Wish wish_;
  Manners manners_;
  Purchase purchase_;
  std::string reference_;  ///< of the last yes to the sale; "" without one
  int changes_ = 0;
};

}  // namespace standin::sim
