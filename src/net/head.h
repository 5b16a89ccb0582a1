#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "net/message.h"

namespace standin {

/// "OK" of 200; empty for a status that RFC 9110 does not name.
std::string_view reason(int status);

/// True for the fields that concern one connection alone (RFC 9110, 7.6.1): they are never passed on. What `Connection`
/// names besides is dropped where a message is read, not where it is written: else a client's `Connection: Standin-Key`
/// would take away a field that we added.
bool hop_by_hop(std::string_view name);
/// True if one of the comma-separated `list` is `token`, without regard to case.
bool lists(std::string_view list, std::string_view token);

/// The length of a body as the head states it.
enum class Length {
  of_body,      ///< Content-Length is the size of the body given
  as_stated,    ///< the message's own Content-Length stands, or none: an answer to HEAD, or a body that comes in pieces
  chunked,      ///< it is not known, and the body is sent in chunks
  until_close,  ///< it is not known, and the connection ends with the body
};

/// Appends a request's head. `Host` is `host` if given, else the request's own. Everything else but hop-by-hop fields
/// goes through in its order; `Expect` does not, since the body always follows at once.
void append_head(std::string& out, const Request& request, std::string_view base_path, std::string_view host);
/// Appends a response's head. `close` adds `Connection: close`.
void append_head(std::string& out, const Response& response, Length length, bool close);
/// The fields that head has, but for `Transfer-Encoding` and `Connection`: those of an answer in any version of HTTP.
void each_field(const Response& response, Length length,
                const std::function<void(std::string_view name, std::string_view value)>& take);
/// Appends the line before a chunk's data; with size 0, the one before the trailers.
void append_chunk_head(std::string& out, std::size_t size);

/// False if the method or target could not be told from what surrounds them on the request line.
bool sendable(const Request& request);

}  // namespace standin
