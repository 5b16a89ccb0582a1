#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/head.h"
#include "net/reader.h"

// Whatever the bytes: a request reads the same whole and in pieces, and what was accepted is framed, once written out
// for an upstream, as exactly one request that reads as the same. A difference there is a smuggled request.

namespace standin {
namespace {

constexpr std::size_t head_max = 8 * 1024;
constexpr std::size_t body_max = 64 * 1024;

struct Outcome {
  Reading reading = Reading::more;
  std::string wire;
  std::size_t taken = 0;
};

Outcome read_in_pieces(std::string_view bytes, std::size_t piece) {
  RequestReader reader(head_max, body_max);
  Outcome outcome;
  std::size_t offered = 0;
  while (outcome.reading == Reading::more && offered < bytes.size()) {
    offered = std::min(bytes.size(), offered + piece);
    std::string_view input = bytes.substr(outcome.taken, offered - outcome.taken);
    outcome.reading = reader.read(input);
    outcome.taken = offered - input.size();
  }
  if (outcome.reading == Reading::complete) {
    const Request request = reader.take();
    append_head(outcome.wire, request, {}, "host");
    outcome.wire += request.body;
  }
  return outcome;
}

void check_request(std::string_view bytes, std::size_t piece) {
  const Outcome whole = read_in_pieces(bytes, bytes.size());
  const Outcome pieces = read_in_pieces(bytes, piece);
  if (whole.reading != Reading::complete) {
    ensure(pieces.reading != Reading::complete, "what is refused whole is not accepted in pieces");
    return;
  }
  ensure(pieces.reading == Reading::complete, "what is accepted whole is accepted in pieces");
  ensure(pieces.wire == whole.wire && pieces.taken == whole.taken, "and reads as the same");
  const Outcome again = read_in_pieces(whole.wire, whole.wire.size());
  const bool too_long_now = whole.wire.size() > head_max;  // the head we write may be the longer one
  ensure(too_long_now || again.reading == Reading::complete, "what we write can be read");
  ensure(too_long_now || (again.taken == whole.wire.size() && again.wire == whole.wire),
         "as one request, the same one");
}

void check_response(std::string_view bytes, bool to_head) {
  ResponseReader reader(head_max, body_max, {.head = to_head});
  Reading reading = reader.read(bytes);
  if (reading == Reading::more) reading = reader.finish();
  if (reading != Reading::complete) return;
  reader.keep_alive();
  ensure(reader.take().status >= 200, "an answer has a final status");
}

}  // namespace
}  // namespace standin

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  standin::check_request(bytes, data[0] % 64 + 1);
  standin::check_response(bytes, data[0] % 2 == 0);
  return 0;
}
