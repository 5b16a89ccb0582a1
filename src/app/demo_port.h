#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"

namespace standin::demo {

/// A TCP port on 127.0.0.1 that nobody listens on, and that no other demo takes as long as this lives. Other programs
/// may: nothing keeps a port free for a process that is about to be started.
class Port {
 public:
  /// `preferred`, else the next ones. They lie below the range that the kernel picks clients' ports from: a port from
  /// there could be taken, by a client's end of a connection, while the shop is dead.
  static Result<Port> take(std::uint16_t preferred);
  Port(Port&&) noexcept;
  ~Port();

  std::uint16_t number() const;

 private:
  struct State;
  explicit Port(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace standin::demo
