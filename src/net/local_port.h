#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"

namespace standin {

/// A TCP port on 127.0.0.1 that nobody listened on when it was taken, and that no other process takes by this means as
/// long as this lives. Other programs may: nothing keeps a port free for a process that is about to be started.
class LocalPort {
 public:
  /// `preferred`, else one of the next. Choose it below the range that the kernel picks clients' ports from (32768 on,
  /// by default): from there a client's end of a connection may take it while its server is down.
  static Result<LocalPort> take(std::uint16_t preferred);
  LocalPort(LocalPort&&) noexcept;
  ~LocalPort();

  std::uint16_t number() const;

 private:
  struct State;
  explicit LocalPort(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace standin
