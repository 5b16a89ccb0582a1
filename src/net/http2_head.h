#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string_view>

#include "net/message.h"
#include "net/reader.h"

namespace standin {

/// Puts a request together out of the fields of an HTTP/2 header block; no I/O. It refuses what RequestReader refuses,
/// so that what arrives behind is the same, whichever version the client speaks.
class Http2Head {
 public:
  explicit Http2Head(std::size_t bytes_max);
  ~Http2Head();

  /// The next field, which may be a pseudo-header field. False when so much has come that reading on is wasted.
  bool add(std::string_view name, std::string_view value);
  /// There was a field that cannot be one.
  void add_malformed();

  /// All fields are there: the request, whose body is to follow, or why there is none.
  std::expected<Request, FramingRefusal> finish();
  /// After finish(): of the body, as the head states it.
  std::optional<std::uint64_t> body_length() const;
  /// After finish(): the client waits for `100 Continue` before it sends the body.
  bool wants_continue() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace standin
