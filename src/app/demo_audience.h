#pragma once

#include <deque>
#include <memory>

#include "app/demo_screen.h"
#include "base/clock.h"
#include "rehearsal/shoppers.h"

namespace standin::demo {

/// What the last looks saw, for the curves.
class Memory {
 public:
  void add(std::uint64_t stood_in_so_far, Duration p99);
  std::vector<std::uint64_t> stood_in() const { return {stood_in_.begin(), stood_in_.end()}; }
  std::vector<Duration> slowest() const { return {slowest_.begin(), slowest_.end()}; }

 private:
  bool seen_ = false;
  std::uint64_t so_far_ = 0;
  std::deque<std::uint64_t> stood_in_;
  std::deque<Duration> slowest_;
};

/// Looks at the performance from outside, and shows it: on the terminal's screen, or in a line for each look.
class Audience {
 public:
  /// All of them outlive it. `planned`: how long it is going to take.
  Audience(Standin& standin, rehearsal::Shoppers& shoppers, const Clock& clock, Duration planned);

  void begins(const Beat& beat);
  /// The shoppers are gone.
  void closing();
  void look();
  /// What the last look that went well has seen of standin.
  const Numbers& numbers() const { return sight_.standin; }
  /// Gives the terminal back.
  void leave() { terminal_.reset(); }

 private:
  void say(const std::string& heading) const;

  Standin& standin_;
  rehearsal::Shoppers& shoppers_;
  const Clock& clock_;
  const Instant began_;
  Sight sight_;
  Memory memory_;
  std::unique_ptr<Terminal> terminal_;
};

}  // namespace standin::demo
