#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"

namespace standin::sim {

/// One file of a simulated disk: its bytes as a process reads them, and what it takes to go back to those that are
/// durable. A sync forgets the way back, so that writing costs one copy of what is overwritten.
class SimFile {
 public:
  std::size_t size() const { return bytes_.size(); }
  /// How many bytes there were to read.
  std::size_t read(std::span<std::uint8_t> into, std::size_t at) const;
  void write(std::span<const std::uint8_t> from, std::size_t at);
  /// Or longer, with zeros, as ftruncate does.
  void truncate(std::size_t size);

  /// What was changed since the last sync is durable.
  void sync();
  /// What was changed since the last sync may be on the disk or not, and no later sync makes sure of it.
  void fail_sync();

  /// What became of the changes that were not durable.
  struct Damage {
    bool torn = false, flipped = false;
  };
  /// Loses, keeps or tears each of them, and with this chance flips a bit of one that it keeps.
  Damage crash(Random& chance, double flips_bit);

 private:
  enum class Fate : std::uint8_t { lost, kept, torn };
  class Chances;
  /// `length` bytes were written at `at`, over `saved` older ones; or, of a truncation, none over the whole end.
  struct Change {
    std::size_t at, length, saved, size_before;
    bool is_truncation;
    bool is_doubtful = false, is_durable = false;
  };

  void add(const Change& change);
  std::vector<std::uint8_t> take_back();
  void do_again(const Change& change, std::span<const std::uint8_t> from, const Chances& chances, Fate fate);

  std::vector<std::uint8_t> bytes_;
  std::vector<Change> changes_;
  std::vector<std::uint8_t> saved_;  ///< what the changes replaced, in their order
  bool doubtful_ = false;
};

}  // namespace standin::sim
