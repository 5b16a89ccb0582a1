#include "route/whole_request.h"

#include <algorithm>
#include <charconv>

namespace standin {
namespace {

constexpr FramingRefusal too_large{413, "the body is too large"};
constexpr FramingRefusal no_memory{503, "too much is held in memory already"};

/// A part of what may be held, given back when it goes.
class Reserved {
 public:
  explicit Reserved(HeldMemory memory) : memory_(memory) {}
  Reserved(const Reserved&) = delete;
  Reserved& operator=(const Reserved&) = delete;
  ~Reserved() { memory_.bytes -= bytes_; }

  /// False if there is no room for that much in all.
  bool grow_to(std::size_t bytes) {
    if (bytes <= bytes_) return true;
    const std::size_t more = bytes - bytes_;
    bytes_ = bytes;
    return memory_.bytes.fetch_add(more) + more <= memory_.max;
  }

 private:
  HeldMemory memory_;
  std::size_t bytes_ = 0;
};

/// The body's length as the head states it, or as much as has arrived.
std::size_t announced(const Request& request) {
  const std::string_view stated = request.headers.find("Content-Length").value_or("");
  std::size_t length = 0;
  std::from_chars(stated.data(), stated.data() + stated.size(), length);
  return std::max(length, request.body.size());
}

}  // namespace

Task<std::expected<void, FramingRefusal>> read_whole(Request& request, std::size_t bytes_max, HeldMemory memory) {
  const std::size_t expected = announced(request);
  if (expected > bytes_max) co_return std::unexpected(too_large);
  if (!request.rest) co_return std::expected<void, FramingRefusal>();
  Reserved reserved(memory);
  if (!reserved.grow_to(expected)) co_return std::unexpected(no_memory);
  request.body.reserve(expected);
  while (true) {
    const auto piece = co_await request.rest->next();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) break;
    if (piece->size() > bytes_max - request.body.size()) co_return std::unexpected(too_large);
    if (!reserved.grow_to(request.body.size() + piece->size())) co_return std::unexpected(no_memory);
    request.body.append(*piece);
  }
  request.rest.reset();
  co_return std::expected<void, FramingRefusal>();
}

}  // namespace standin
