#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/client.h"
#include "net/head.h"
#include "net/reader.h"

// Any bytes as a request's target and Host, and as an upstream's URL: what is accepted stands for a path and a host, in
// one way, once it is written on.

namespace standin {
namespace {

bool may_be_written(std::string_view text) {
  return std::ranges::none_of(text,
                              [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 127 || c == '#'; });
}

Reading read(const std::string& method, std::string_view target, std::string_view host, Request& request) {
  RequestReader reader(16 * 1024, 0);
  std::string head = method + " ";
  head.append(target).append(" HTTP/1.1\r\nHost: ").append(host).append("\r\n\r\n");
  std::string_view input = head;
  const Reading reading = reader.read(input);
  if (reading == Reading::complete) request = reader.take();
  return reading;
}

void check_target(const std::string& method, std::string_view target, std::string_view host) {
  if (host.contains('\n') || host.contains('\r')) return;  // other fields would begin there
  Request request;
  if (read(method, target, host, request) != Reading::complete) return;
  const std::string_view written = request.target;
  ensure(written.starts_with('/') || (written == "*" && method == "OPTIONS"), "a path is what goes on");
  ensure(may_be_written(written) && sendable(request), "and can be told from what surrounds it");
  ensure(target.ends_with(written.substr(1)), "as it was written");
  ensure(request.headers.size() == 1, "no field was made of it");
  const std::string known(*request.headers.find("Host"));
  ensure(may_be_written(known) && known.find_first_of("/?@\\,") == std::string::npos, "the host is one host");
  Request again;
  ensure(read(method, written, known, again) == Reading::complete && again.target == written,
         "and so it is read again");
}

void check_url(std::string_view url) {
  const auto endpoint = Endpoint::parse(url);
  if (!endpoint || url.starts_with("unix:")) return;
  Request request;
  ensure(read("GET", endpoint->base_path + "/", host_field(*endpoint), request) == Reading::complete,
         "a request to it can be read");
  ensure(request.target == endpoint->base_path + "/", "for its path");
}

}  // namespace
}  // namespace standin

/// A method's number, the target, a line feed, and Host.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace standin;
  if (size < 1 || size > 4096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string_view target = text.substr(0, text.find('\n'));
  const std::string_view host = target.size() == text.size() ? "shop" : text.substr(target.size() + 1);
  check_target(data[0] % 2 == 0 ? "GET" : "OPTIONS", target, host);
  check_url(text);
  return 0;
}
