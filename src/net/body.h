#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "base/task.h"
#include "base/time.h"
#include "net/reader.h"

namespace standin {

/// What is still to come of a body whose head has been handed on: read only as fast as somebody asks for it. Used from
/// its loop's thread alone, by one coroutine at a time.
class BodySource {
 public:
  using Piece = std::expected<std::string_view, FramingRefusal>;

  virtual ~BodySource() = default;

  /// The next piece, as soon as there is one; valid until the next call. Empty at the end, which is the sender's own: a
  /// body that broke off, or is not what its head announced, ends with a failure. In a tunnel, a call after the end
  /// returns when the other direction has ended, too.
  virtual Task<Piece> next() = 0;
  /// The next piece is here already.
  virtual bool at_hand() const { return false; }

  /// Why it broke off, once it has.
  virtual const std::optional<FramingRefusal>& failure() const = 0;
};

/// How long who sends a body may be silent, while it is waited for: `patience` between two pieces; and with so much
/// more at ease, all of it comes with `bytes_per_second` on average, or as slowly as it likes if that is 0.
class BodyPace {
 public:
  BodyPace(Duration between_pieces, std::size_t rate) : patience_(between_pieces), bytes_per_second_(rate) {}
  /// From now on, with so many bytes of it here.
  Duration left(std::uint64_t bytes) const;
  void waited(Duration span) { waited_ += span; }

 private:
  Duration patience_;
  std::size_t bytes_per_second_;
  Duration waited_{};  ///< in all
};

/// What a request whose client left is answered with: nobody reads it, but logs show it (nginx's number for it).
constexpr FramingRefusal client_left{499, "the client left before its request was complete"};

}  // namespace standin
