#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "net/net_limits.h"
#include "net/proxy_protocol.h"

// Any bytes as the beginning of a connection: a header that is whole is the same one however much follows, and nothing
// is waited for beyond its limit.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace standin;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const ProxyHeader header = read_proxy_header(bytes);
  if (header.reading == Reading::more) ensure(size < limits::proxy_header, "what is not whole is not too long");
  if (header.reading != Reading::complete) return 0;
  ensure(header.size <= size && header.size <= limits::proxy_header, "it was read from what is there");
  const ProxyHeader alone = read_proxy_header(bytes.substr(0, header.size));
  ensure(alone.reading == Reading::complete && alone.size == header.size && alone.client == header.client,
         "what follows is not part of it");
  ensure(read_proxy_header(bytes.substr(0, header.size - 1)).reading == Reading::more,
         "without its end it is not whole");
  if (header.client) ensure(IpAddress::parse(header.client->text()) == header.client, "the address can be written");
  return 0;
}
