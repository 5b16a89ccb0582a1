#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "net/message.h"

namespace standin {

/// How far a reader got.
enum class Reading : std::uint8_t {
  more,      ///< well-formed so far
  complete,  ///< take() has a message
  refused,   ///< refusal() says why; where the next message would begin can no longer be told
};

/// Why bytes were not accepted, and the status to answer them with. The text is constant: nothing of the message is in
/// it.
struct FramingRefusal {
  int status = 400;
  std::string_view why;
};

/// Reads HTTP/1 requests out of bytes, one after the other; no I/O. It refuses whatever two parsers could frame
/// differently, since the difference becomes somebody's next request (RFC 9112, 11.2).
class RequestReader {
 public:
  RequestReader(std::size_t head_bytes_max, std::size_t body_bytes_max);
  ~RequestReader();

  /// Takes what belongs to this request off the front of `input`. What it leaves must be offered again, with more
  /// behind it. After `complete`, the rest of `input` is the next request's, for after take().
  Reading read(std::string_view& input);
  const FramingRefusal& refusal() const;

  /// The head is read, and asks for `100 Continue` before the body is sent.
  bool wants_continue() const;
  /// May be followed by another request: HTTP/1.1 without `Connection: close`. From `complete` to take().
  bool keep_alive() const;
  /// The request without its hop-by-hop fields and `Expect`; gets ready for the next one.
  Request take();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Reads the answer to one request; no I/O. Interim answers (1xx) are skipped. Forgives what cannot change the meaning.
class ResponseReader {
 public:
  ResponseReader(std::size_t head_bytes_max, std::size_t body_bytes_max, bool to_head_request);
  ~ResponseReader();

  /// As RequestReader::read.
  Reading read(std::string_view& input);
  /// The connection's other side has ended: `complete` if that is how the body ends, else `refused`.
  Reading finish();
  const FramingRefusal& refusal() const;

  /// The connection can carry another exchange. From `complete` to take().
  bool keep_alive() const;
  /// The answer without its hop-by-hop fields.
  Response take();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace standin
