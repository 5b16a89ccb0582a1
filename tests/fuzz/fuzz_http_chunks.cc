#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/head.h"
#include "net/reader.h"

// A chunked body of any bytes: read whole, in pieces, and while it is passed on, it is the same body and ends at the
// same byte; what a client may send is read in the same way from an upstream; and what is written as chunks is read as
// that body.

namespace standin {
namespace {

constexpr std::string_view request_head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view answer_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::size_t head_max = 4 * 1024;
constexpr std::size_t body_max = 64 * 1024;

struct Body {
  Reading reading = Reading::more;
  std::string text;
  std::size_t taken = 0;
};

/// `piece` bytes more are offered each time.
template <class Read>
void feed(Body& body, std::string_view bytes, std::size_t piece, Read read) {
  std::size_t offered = 0;
  while (body.reading == Reading::more && offered < bytes.size()) {
    offered = std::min(bytes.size(), offered + piece);
    std::string_view input = bytes.substr(body.taken, offered - body.taken);
    body.reading = read(input);
    body.taken = offered - input.size();
  }
}

template <class Reader>
Body read_whole(Reader reader, std::string_view head, std::string_view bytes, std::size_t piece) {
  ensure(reader.read(head) == Reading::more && reader.head_done() && head.empty(), "a body is to come");
  Body body;
  feed(body, bytes, piece, [&](std::string_view& input) { return reader.read(input); });
  if (body.reading == Reading::complete) body.text = reader.take().body;
  return body;
}

Body read_passing_on(std::string_view head, std::string_view bytes, std::size_t piece) {
  RequestReader reader(head_max, body_max);
  ensure(reader.read(head) == Reading::more, "a body is to come");
  reader.take_head();
  Body body;
  feed(body, bytes, piece, [&](std::string_view& input) {
    std::string_view part;
    Reading reading = Reading::more;
    do {
      reading = reader.read_piece(input, part);
      body.text += part;
    } while (reading == Reading::more && !part.empty());
    return reading;
  });
  return body;
}

void check_same(const Body& one, const Body& other) {
  ensure((one.reading == Reading::complete) == (other.reading == Reading::complete), "both take it or neither");
  if (one.reading != Reading::complete) return;
  ensure(one.text == other.text && one.taken == other.taken, "for the same body, with the same end");
}

void check_rewritten(const Body& body, std::size_t piece) {
  std::string chunks;
  for (std::size_t at = 0; at < body.text.size(); at += piece) {
    const std::string_view part = std::string_view(body.text).substr(at, piece);
    append_chunk_head(chunks, part.size());
    chunks.append(part).append("\r\n");
  }
  chunks += "0\r\n\r\n";
  const Body again = read_whole(RequestReader(head_max, body_max), request_head, chunks, chunks.size());
  ensure(again.reading == Reading::complete && again.text == body.text, "what is written as chunks is read as them");
  ensure(again.taken == chunks.size(), "to its end");
}

}  // namespace
}  // namespace standin

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace standin;
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = data[0] % 64 + 1;
  const Body whole = read_whole(RequestReader(head_max, body_max), request_head, bytes, bytes.size());
  check_same(whole, read_whole(RequestReader(head_max, body_max), request_head, bytes, piece));
  check_same(whole, read_passing_on(request_head, bytes, piece));
  if (whole.reading != Reading::complete) return 0;
  check_same(whole, read_whole(ResponseReader(head_max, body_max, {}), answer_head, bytes, piece));
  check_rewritten(whole, piece);
  return 0;
}
