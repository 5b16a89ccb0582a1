#include "net/proxy_protocol.h"

#include <gtest/gtest.h>

#include <string>

#include "net/net_limits.h"

namespace standin {
namespace {

using namespace std::string_literals;

std::string version_2(char command, char family, const std::string& rest) {
  std::string header = "\r\n\r\n\0\r\nQUIT\n"s + command + family;
  header.push_back(static_cast<char>(rest.size() >> 8));
  header.push_back(static_cast<char>(rest.size() & 0xff));
  return header + rest;
}

const std::string ipv4_ends = "\xc0\x00\x02\x07\xc6\x33\x64\x01\xdc\x04\x01\xbb"s;
const std::string ipv6_ends = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x07"s + std::string(20, '\0');
const std::string tls_fields = "\x20\x00\x03\x01\x02\x03"s;

/// The header is whole, and nothing of it is taken for the client's bytes.
std::string client_in(const std::string& header) {
  for (std::size_t size = 0; size < header.size(); ++size) {
    if (read_proxy_header(header.substr(0, size)).reading != Reading::more) return "ended early";
  }
  const ProxyHeader read = read_proxy_header(header + "GET / HTTP/1.1\r\n");
  if (read.reading != Reading::complete || read.size != header.size()) return "not read";
  return read.client ? read.client->text() : "";
}

TEST(ProxyProtocol, NamesTheClient) {
  EXPECT_EQ(client_in(version_2('\x21', '\x11', ipv4_ends)), "192.0.2.7");
  EXPECT_EQ(client_in(version_2('\x21', '\x11', ipv4_ends + tls_fields)), "192.0.2.7");
  EXPECT_EQ(client_in(version_2('\x21', '\x21', ipv6_ends + tls_fields)), "2001:db8::7");
  EXPECT_EQ(client_in("PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n"), "192.0.2.7");
  EXPECT_EQ(client_in("PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n"), "2001:db8::7");
}

TEST(ProxyProtocol, LeavesAProxysOwnConnectionItsAddress) {
  EXPECT_EQ(client_in(version_2('\x20', '\x00', "")), "");
  EXPECT_EQ(client_in(version_2('\x20', '\x11', ipv4_ends)), "");
  EXPECT_EQ(client_in(version_2('\x21', '\x00', tls_fields)), "");
  EXPECT_EQ(client_in(version_2('\x21', '\x31', std::string(216, 'x'))), "");
  EXPECT_EQ(client_in("PROXY UNKNOWN\r\n"), "");
  EXPECT_EQ(client_in("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), "");
}

TEST(ProxyProtocol, RefusesWhatIsNone) {
  for (const std::string& bad : {
           "GET / HTTP/1.1\r\n"s,
           "\x16\x03\x01"s,
           "\r\n\r\nX"s,
           version_2('\x11', '\x11', ipv4_ends),              // of another version
           version_2('\x22', '\x11', ipv4_ends),              // of an unknown command
           version_2('\x21', '\x12', ipv4_ends),              // of datagrams
           version_2('\x21', '\x41', ipv4_ends),              // of an unknown family
           version_2('\x21', '\x11', ipv4_ends.substr(1)),    // its addresses cut short
           version_2('\x21', '\x21', ipv4_ends),              //
           version_2('\x21', '\x31', std::string(215, 'x')),  //
           version_2('\x21', '\x11', std::string(limits::proxy_header, 'x')),
           "PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n"s,
           "PROXY TCP4 192.0.2.7 198.51.100.1 56324 70000\r\n"s,
           "PROXY TCP4 192.0.2.7 198.51.100.1 -1 443\r\n"s,
           "PROXY TCP4 2001:db8::7 2001:db8::1 56324 443\r\n"s,
           "PROXY TCP6 192.0.2.7 198.51.100.1 56324 443\r\n"s,
           "PROXY TCP4  192.0.2.7 198.51.100.1 56324 443\r\n"s,
           "PROXY UDP4 192.0.2.7 198.51.100.1 56324 443\r\n"s,
           "PROXY TCP4 shop 198.51.100.1 56324 443\r\n"s,
           "PROXY UNKNOWN " + std::string(100, 'x'),
       }) {
    EXPECT_EQ(read_proxy_header(bad).reading, Reading::refused) << bad;
  }
}

}  // namespace
}  // namespace standin
