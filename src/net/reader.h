#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "net/message.h"

namespace standin {

/// How far a reader got.
enum class Reading : std::uint8_t {
  more,      ///< well-formed so far
  interim,   ///< take() has an answer that is not the final one (1xx): for ResponseReader alone, if it was asked for
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
///
/// A request is read whole by read() until `complete`, and take(); or, from head_done() on, handed on at once by
/// take_head(), its body read by read_piece() until `complete`, and next(). Between two requests it holds no memory.
class RequestReader {
 public:
  RequestReader(std::size_t head_bytes_max, std::size_t body_bytes_max);
  ~RequestReader();

  /// Takes what belongs to this request off the front of `input`. What it leaves must be offered again, with more
  /// behind it. After `complete`, the rest of `input` is the next request's, for after take().
  Reading read(std::string_view& input);
  const FramingRefusal& refusal() const;

  /// Its first line is read.
  bool begun() const;
  /// The head is read and accepted. This and what follows hold until take() or next().
  bool head_done() const;
  /// The head asks for `100 Continue` before the body is sent, of which something is still to come.
  bool wants_continue() const;
  /// May be followed by another request: HTTP/1.1 without `Connection: close`.
  bool keep_alive() const;
  /// The client's version.
  bool http_1_1() const;
  /// Bytes of the body as the head states them; nothing if it is chunked.
  std::optional<std::uint64_t> body_length() const;
  /// "websocket" if that is what the client wants to speak instead, else empty. No other protocol is known: HTTP/2 so
  /// begun would go around the routes.
  std::string_view upgrade() const;
  /// Another limit than the constructor's for this request's body.
  void limit_body(std::uint64_t bytes_max);

  /// The request without its hop-by-hop fields and `Expect`; gets ready for the next one.
  Request take();
  /// The same with what has been read of its body, before it is complete.
  Request take_head();
  /// After take_head(): takes the next piece of the body off the front of `input`, and the framing before it. `piece`
  /// is a view of it; empty when `input` is used up. `complete` comes with the last piece, or after it.
  Reading read_piece(std::string_view& input, std::string_view& piece);
  /// After the `complete` of read_piece(): gets ready for the next request.
  void next();

 private:
  struct Impl;
  std::size_t head_max_, body_max_;
  std::unique_ptr<Impl> impl_;  ///< of the request that is being read
};

/// What an answer answers, which decides where it ends.
struct AnswerTo {
  bool head = false;     ///< a HEAD request: there is no body
  bool interim = false;  ///< whoever asked is told of interim answers, but for 100, which concerns our own sending
  bool upgrade = false;  ///< a request with `Upgrade`: after 101 comes something else than HTTP
};

/// Reads the answer to one request; no I/O. Forgives what cannot change the meaning. Used like RequestReader.
class ResponseReader {
 public:
  ResponseReader(std::size_t head_bytes_max, std::size_t body_bytes_max, AnswerTo to);
  ResponseReader(ResponseReader&& other) noexcept;
  ~ResponseReader();

  /// As RequestReader::read. Interim answers are skipped, unless they were asked for.
  Reading read(std::string_view& input);
  /// The connection's other side has ended: `complete` if that is how the body ends, else `refused`.
  Reading finish();
  const FramingRefusal& refusal() const;

  /// The final answer's head is read.
  bool head_done() const;
  /// The connection can carry another exchange, once the body is complete.
  bool keep_alive() const;
  /// Nothing if it is chunked, or ends with the connection.
  std::optional<std::uint64_t> body_length() const;
  /// The protocol that the connection speaks after status 101.
  std::string_view upgrade() const;

  /// The answer without its hop-by-hop fields.
  Response take();
  /// The same with what has been read of its body, before it is complete.
  Response take_head();
  /// As RequestReader::read_piece.
  Reading read_piece(std::string_view& input, std::string_view& piece);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace standin
