#pragma once

#include <expected>
#include <optional>
#include <string_view>

#include "base/task.h"
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

  /// Why it broke off, once it has.
  virtual const std::optional<FramingRefusal>& failure() const = 0;
};

/// What a request whose client left is answered with: nobody reads it, but logs show it (nginx's number for it).
constexpr FramingRefusal client_left{499, "the client left before its request was complete"};

}  // namespace standin
