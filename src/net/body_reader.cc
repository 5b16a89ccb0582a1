#include "net/body_reader.h"

#include <algorithm>

#include "base/text.h"
#include "net/grammar.h"
#include "net/net_limits.h"

namespace standin {
namespace {

constexpr FramingRefusal too_large{413, "the body is too large"};
constexpr FramingRefusal malformed_chunk{400, "malformed chunk"};
constexpr FramingRefusal malformed_trailer{400, "malformed trailer"};
constexpr FramingRefusal too_long{400, "a chunk's line or the trailers are too long"};

/// True while `input` can still become the end of a line.
bool may_end_line(std::string_view input) { return std::string_view("\r\n").starts_with(input.substr(0, 2)); }

/// Fields that may not come so late (RFC 9110, 6.5.1): some programs would believe them.
bool misplaced(std::string_view name) {
  return equal_ignoring_case(name, "Content-Length") || equal_ignoring_case(name, "Transfer-Encoding") ||
         equal_ignoring_case(name, "Host");
}

}  // namespace

BodyReader::BodyReader(Framing framing, std::uint64_t bytes_max, std::size_t overhead_max)
    : framing_(framing), overhead_left_(overhead_max) {
  limit(bytes_max);
  if (framing.chunked) {
    part_ = Part::size_line;
  } else if (framing.to_end) {
    part_ = Part::to_end;
  } else if (framing.length > 0) {
    part_ = Part::data;
    bytes_ = left_ = framing.length;
  }
}

void BodyReader::limit(std::uint64_t bytes_max) { bytes_max_ = std::min(bytes_max, limits::largest_body); }

Reading BodyReader::refuse(FramingRefusal why) {
  refusal_ = why;
  return Reading::refused;
}

Reading BodyReader::read_piece(std::string_view& input, std::string_view& piece) {
  piece = {};
  if (over_limit(0)) return refuse(too_large);
  while (part_ != Part::nothing && piece.empty()) {
    if (input.empty()) return Reading::more;
    if (part_ == Part::data || part_ == Part::to_end) {
      if (take_data(input, piece) == Reading::refused) return Reading::refused;
      continue;
    }
    // Told from its first byte, so that nobody waits for the rest of what is no chunk.
    if (part_ == Part::chunk_end && !may_end_line(input)) return refuse(malformed_chunk);
    const auto line = lines_.take(input);
    if ((line ? *line : input).size() > limits::chunk_line) return refuse(too_long);
    if (!line) return Reading::more;
    if (take_line(*line) == Reading::refused) return Reading::refused;
  }
  return complete() ? Reading::complete : Reading::more;
}

Reading BodyReader::read(std::string_view& input, std::string& out) {
  std::string_view piece;
  Reading reading = Reading::more;
  do {
    reading = read_piece(input, piece);
    out.append(piece);
  } while (reading == Reading::more && !piece.empty());
  return reading;
}

Reading BodyReader::take_data(std::string_view& input, std::string_view& piece) {
  const std::uint64_t wanted = part_ == Part::to_end ? input.size() : left_;
  piece = input.substr(0, std::min<std::uint64_t>(wanted, input.size()));
  if (part_ == Part::to_end) {
    if (over_limit(piece.size())) return refuse(too_large);
    bytes_ += piece.size();
  } else {
    left_ -= piece.size();
    if (left_ == 0) part_ = framing_.chunked ? Part::chunk_end : Part::nothing;
  }
  input.remove_prefix(piece.size());
  return Reading::more;
}

Reading BodyReader::take_line(std::string_view line) {
  if (!line.ends_with("\r\n")) return refuse(malformed_chunk);
  line.remove_suffix(2);
  if (part_ == Part::size_line) return take_size(line);
  if (part_ == Part::trailers) return take_trailer(line);
  part_ = Part::size_line;
  return Reading::more;
}

Reading BodyReader::take_size(std::string_view line) {
  const std::string_view digits = line.substr(0, line.find(';'));
  const std::string_view extensions = line.substr(digits.size());
  const auto size = grammar::hexadecimal(framing_.forgiving ? grammar::without_blanks(digits) : digits);
  if (!size || !grammar::chunk_extensions(extensions)) return refuse(malformed_chunk);
  if (over_limit(*size)) return refuse(too_large);
  bytes_ += *size;
  left_ = *size;
  part_ = *size == 0 ? Part::trailers : Part::data;
  return add_overhead(extensions.size());
}

Reading BodyReader::take_trailer(std::string_view line) {
  if (line.empty()) {
    part_ = Part::nothing;
    return Reading::more;
  }
  const std::string_view name = line.substr(0, line.find(':'));
  const bool field = name.size() < line.size() && grammar::token(name) && grammar::field_value(line);
  if (!field || (misplaced(name) && !framing_.forgiving)) return refuse(malformed_trailer);
  return add_overhead(line.size());
}

Reading BodyReader::add_overhead(std::size_t count) {
  if (count > overhead_left_) return refuse(too_long);
  overhead_left_ -= count;
  return Reading::more;
}

bool BodyReader::finish() {
  if (part_ != Part::to_end) return part_ == Part::nothing;
  part_ = Part::nothing;
  return true;
}

}  // namespace standin
