#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/line_scan.h"
#include "net/reader.h"

namespace standin {

/// How a head says that its body ends.
struct Framing {
  bool chunked = false;
  bool to_end = false;       ///< the body goes on until the connection ends: an answer's alone
  bool forgiving = false;    ///< blanks around a chunk's size, and any trailers: from an upstream
  std::uint64_t length = 0;  ///< in bytes, where it is neither
};

/// Reads one body; no I/O. Extensions and trailers are checked and dropped.
class BodyReader {
 public:
  /// `overhead_max` bounds the extensions of all chunks together, and the trailers.
  BodyReader(Framing framing, std::uint64_t bytes_max, std::size_t overhead_max);

  /// Takes the next piece of the body off the front of `input`, with the framing before it. `piece` is a view of it;
  /// empty when `input` is used up, or when only framing was left. `complete` with the last piece, or after it.
  Reading read_piece(std::string_view& input, std::string_view& piece);
  /// Takes all that belongs to the body, and appends it to `out`.
  Reading read(std::string_view& input, std::string& out);
  /// Another limit from now on.
  void limit(std::uint64_t bytes_max);
  /// The connection's other side has ended: true if that is how the body ends.
  bool finish();
  bool complete() const { return part_ == Part::nothing; }
  const FramingRefusal& refusal() const { return refusal_; }

 private:
  enum class Part {
    data,       ///< `left_` bytes of it
    size_line,  ///< of the next chunk
    chunk_end,  ///< the empty line after a chunk
    trailers,   ///< after the last chunk
    to_end,
    nothing,  ///< the body is complete
  };

  Reading refuse(FramingRefusal why);
  bool over_limit(std::uint64_t more) const { return bytes_ > bytes_max_ || more > bytes_max_ - bytes_; }
  Reading take_data(std::string_view& input, std::string_view& piece);
  Reading take_line(std::string_view line);
  Reading take_size(std::string_view line);
  Reading take_trailer(std::string_view line);
  Reading add_overhead(std::size_t count);

  Framing framing_;
  std::uint64_t bytes_max_ = 0;
  std::uint64_t bytes_ = 0;  ///< announced so far
  std::uint64_t left_ = 0;
  std::size_t overhead_left_;
  Part part_ = Part::nothing;
  LineScan lines_;
  FramingRefusal refusal_;
};

}  // namespace standin
