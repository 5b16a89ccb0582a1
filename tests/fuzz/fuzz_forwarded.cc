#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/forwarded.h"
#include "net/grammar.h"

// Any bytes as what a proxy, trusted or not, says of where a request comes from: what is passed on is read back as the
// same, and tells nothing of a stranger but its address.

namespace standin {
namespace {

constexpr std::string_view names[]{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host",
                                   "Forwarded",       "x_forwarded-for",   "X-Forwarded-Port"};

/// Each line is a field, its first byte the field's name.
Headers fields_in(std::string_view text) {
  Headers headers;
  headers.add("Host", "shop.example");
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty() || !grammar::field_value(line)) continue;
    headers.add(names[static_cast<unsigned char>(line[0]) % std::size(names)], grammar::without_blanks(line.substr(1)));
  }
  return headers;
}

void check(const Headers& headers, const ConnectionEnd& peer, const AddressBlocks& trusted) {
  const Origin origin = origin_of(headers, peer, trusted);
  ensure(origin.nodes.empty() || peer.address.empty() || origin.nodes.back() == peer.address, "the peer is the last");
  ensure(origin.proto == "http" || origin.proto == "https", "it is one of both");
  Headers told = headers;
  remove_forwarded(told, origin.peer_trusted);
  for (const auto field : told) ensure(field.name == "Host" || origin.peer_trusted, "no claim of a stranger is left");
  add_forwarded(told, origin);
  const auto hops = parse_forwarded(*told.find("Forwarded"));
  ensure(hops.has_value() && hops->size() == std::max<std::size_t>(origin.nodes.size(), 1), "what we say can be read");
  for (std::size_t i = 0; i < origin.nodes.size(); ++i) ensure((*hops)[i].node == origin.nodes[i], "and says the same");
  ensure(hops->front().proto == origin.proto && hops->front().host == origin.host, "of the client, too");
}

}  // namespace
}  // namespace standin

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace standin;
  if (size > 4096) return 0;
  static const std::vector<std::string> blocks{"10.0.0.0/8", "2001:db8::/32"};
  static const AddressBlocks trusted(blocks);
  const Headers headers = fields_in({reinterpret_cast<const char*>(data), size});
  check(headers, {.address = "10.0.0.1"}, trusted);
  check(headers, {.address = "192.0.2.7", .secure = true}, trusted);
  check(headers, {}, trusted);
  return 0;
}
