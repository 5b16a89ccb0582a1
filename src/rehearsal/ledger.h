#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "rehearsal/shop_model.h"

namespace standin::rehearsal {

/// The sample shop's own books on disk: a SQLite file with the tables `orders` and `charges`. What `write` reported as
/// written survives any death of the process. One thread at a time.
class Ledger {
 public:
  /// Opens the file, or makes it. `unique_index` as in `set_unique_index`.
  static Result<Ledger> open(const std::string& path, bool unique_index = true);
  Ledger(Ledger&&) noexcept;
  Ledger& operator=(Ledger&&) noexcept;
  ~Ledger();

  /// All of it or nothing.
  Result<void> write(std::span<const Write> writes);
  Result<Books> read();
  /// Whether the database itself refuses a second order of one Standin-Key. Fails if it is asked to and has some
  /// already.
  Result<void> set_unique_index(bool unique);

 private:
  struct State;
  explicit Ledger(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The books of a ledger file for a judge; the shop may be running, or dead.
Result<Books> read_ledger(const std::string& path);

}  // namespace standin::rehearsal
