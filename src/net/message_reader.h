#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/body_reader.h"
#include "net/line_scan.h"
#include "net/message.h"
#include "net/reader.h"

namespace standin {

constexpr FramingRefusal malformed_field{400, "malformed header field"};
constexpr FramingRefusal two_lengths{400, "both Content-Length and Transfer-Encoding"};

/// 11 of "HTTP/1.1", 10 of "HTTP/1.0".
std::optional<int> version_of(std::string_view text);

/// What reading a request and reading an answer share: one message, from its first line on. The limits are the next
/// one's too.
struct MessageReader {
  MessageReader(std::size_t head_bytes_max, std::size_t body_bytes_max)
      : head_max(head_bytes_max), body_max(body_bytes_max), head_left(head_bytes_max) {}

  Reading refuse(FramingRefusal why);
  /// False when a line of `size` bytes, whole or not, does not fit in the head any more.
  bool fits(std::size_t size) const { return size <= head_left; }
  /// Takes a field's line, without its end. `name` is what stands before its colon.
  Reading add_field(std::string_view line, std::string_view name);
  /// Takes a field. The value has no blanks around it.
  Reading add(std::string_view name, std::string_view value);
  /// All fields are there, and good: the body begins, as `framing` says.
  Reading accept_head();
  Reading read_body(std::string_view& input);
  Reading read_piece(std::string_view& input, std::string_view& piece);
  std::optional<std::uint64_t> body_length() const;

  std::size_t head_max, body_max;
  std::size_t head_left;
  LineScan lines;
  int version = 0;  ///< once the first line is read
  Headers headers;
  int hosts = 0;
  int lengths = 0;         ///< Content-Length fields; they are equal
  bool disguised = false;  ///< a framing field with an underscore: to many applications (CGI, WSGI) the same name
  std::string expect, connection, upgrade;  ///< what the fields of these names list
  Framing framing;
  std::optional<BodyReader> body_reader;  ///< once the head is read
  std::string body;
  FramingRefusal refusal;

 private:
  Reading add_length(std::string_view name, std::string_view value);
  Reading add_encoding(std::string_view value);
  void remove_named();
};

}  // namespace standin
