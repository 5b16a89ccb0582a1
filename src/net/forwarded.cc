#include "net/forwarded.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "net/grammar.h"
#include "net/net_limits.h"

namespace standin {
namespace {

constexpr std::string_view via_us = "1.1 standin";

bool identifier_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

/// "_gazonk" (RFC 7239, 6.3)
bool obfuscated(std::string_view text) {
  return text.size() > 1 && text.starts_with('_') && std::ranges::all_of(text, identifier_character);
}

bool port(std::string_view text) {
  return obfuscated(text) || (text.size() <= 5 && grammar::decimal(text).value_or(65536) <= 65535);
}

/// "[2001:db8::7]" and "192.0.2.7", each with a port or without.
std::optional<std::string> address_of_node(std::string_view text) {
  const bool brackets = text.starts_with('[');
  const std::size_t end = brackets ? text.find(']') : text.find(':');
  const std::string_view name = text.substr(brackets ? 1 : 0, end - (brackets ? 1 : 0));
  const std::string_view rest = end == std::string_view::npos ? "" : text.substr(end + (brackets ? 1 : 0));
  if (brackets && end == std::string_view::npos) return std::nullopt;
  if (!rest.empty() && (!rest.starts_with(':') || !port(rest.substr(1)))) return std::nullopt;
  const auto address = IpAddress::parse(name);
  if (!address || brackets != name.contains(':')) return std::nullopt;
  return address->text();
}

std::optional<std::string> parse_node(std::string_view text) {
  const std::string_view name = text.substr(0, text.find(':'));
  if (!equal_ignoring_case(name, "unknown") && !obfuscated(name)) return address_of_node(text);
  if (name.size() < text.size() && !port(text.substr(name.size() + 1))) return std::nullopt;
  return std::string(obfuscated(name) ? name : "unknown");
}

/// Takes a token or a quoted string off the front; `value` is what it stands for.
bool take_value(std::string_view& text, std::string& value) {
  if (!text.starts_with('"')) {
    const std::string_view word = text.substr(0, text.find_first_of(",; \t"));
    text.remove_prefix(word.size());
    value = word;
    return grammar::token(word);
  }
  std::size_t at = 1;
  for (; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\' && ++at == text.size()) return false;
    value.push_back(text[at]);
  }
  if (at >= text.size() || !grammar::field_value(value)) return false;
  text.remove_prefix(at + 1);
  return true;
}

bool is_proto(std::string_view text) { return equal_ignoring_case(text, "http") || equal_ignoring_case(text, "https"); }

/// Reads the pairs of one element, each parameter at most once.
class ElementReader {
 public:
  /// Takes one pair off the front.
  bool take_pair(std::string_view& text) {
    const std::size_t equals = std::min(text.find('='), text.size());
    const std::string name = lower(text.substr(0, equals));
    if (equals == text.size() || !grammar::token(name)) return false;
    text.remove_prefix(equals + 1);
    if (std::ranges::find(seen_, name) != seen_.end() || seen_.size() == limits::forwarded_parameters) return false;
    seen_.push_back(name);
    std::string value;
    return take_value(text, value) && use(name, std::move(value));
  }

  ForwardedHop hop;

 private:
  bool use(std::string_view name, std::string value) {
    if (name == "for" || name == "by") {
      auto node = parse_node(value);
      if (node && name == "for") hop.node = std::move(*node);
      return node.has_value();
    }
    if (name == "proto") hop.proto = lower(value);
    if (name == "host" && !grammar::authority(value)) return false;
    if (name == "host") hop.host = std::move(value);
    return true;
  }

  std::vector<std::string> seen_;
};

void skip_blanks(std::string_view& text) { text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size())); }

/// All fields of that name as one list (RFC 9110, 5.3); nothing if there is none.
std::optional<std::string> list_of(const Headers& headers, std::string_view name) {
  std::optional<std::string> list;
  for (const auto field : headers) {
    if (!equal_ignoring_case(field.name, name)) continue;
    list = list ? *list + "," + std::string(field.value) : std::string(field.value);
  }
  return list;
}

/// False when `node` is the client, and nothing before it counts.
bool put_before(Origin& origin, std::string node, const AddressBlocks& trusted) {
  const auto address = IpAddress::parse(node);
  origin.nodes.insert(origin.nodes.begin(), std::move(node));
  return address && trusted.contain(*address);
}

/// From the right, so that what a client wrote to mislead us is not even looked at.
bool read_forwarded_for(std::string_view list, const AddressBlocks& trusted, Origin& origin) {
  while (origin.nodes.size() < limits::forwarded_hops) {
    const std::size_t comma = list.rfind(',');
    auto node = parse_forwarded_for(list.substr(comma == std::string_view::npos ? 0 : comma + 1));
    if (!node) return false;
    if (!put_before(origin, std::move(*node), trusted) || comma == std::string_view::npos) return true;
    list = list.substr(0, comma);
  }
  return false;
}

bool read_forwarded(std::string_view list, const AddressBlocks& trusted, Origin& origin) {
  const auto hops = parse_forwarded(list);
  if (!hops) return false;
  for (auto hop = hops->rbegin(); hop != hops->rend(); ++hop) {
    if (origin.nodes.size() == limits::forwarded_hops) return false;
    // Each proxy tells of the side that it was asked from: the last one we get to is the client's.
    if (is_proto(hop->proto)) origin.proto = hop->proto;
    if (!hop->host.empty()) origin.host = hop->host;
    if (!put_before(origin, hop->node, trusted)) break;
  }
  return true;
}

/// What else a trusted peer says of the client, beside `X-Forwarded-For`.
bool read_proto_and_host(const Headers& headers, Origin& origin) {
  const auto proto = list_of(headers, "X-Forwarded-Proto");
  const auto host = list_of(headers, "X-Forwarded-Host");
  if ((proto && !is_proto(*proto)) || (host && !grammar::authority(*host))) return false;
  if (proto) origin.proto = lower(*proto);
  if (host) origin.host = *host;
  return true;
}

bool read_claims(const Headers& headers, const AddressBlocks& trusted, Origin& origin) {
  const auto nodes = list_of(headers, "X-Forwarded-For");
  const auto forwarded = list_of(headers, "Forwarded");
  if (nodes) return read_forwarded_for(*nodes, trusted, origin) && read_proto_and_host(headers, origin);
  if (forwarded) return read_forwarded(*forwarded, trusted, origin);
  return read_proto_and_host(headers, origin);
}

Origin as_seen(const Headers& headers, const ConnectionEnd& peer) {
  Origin origin{.nodes = {}, .proto = peer.secure ? "https" : "http", .host = {}};
  if (!peer.address.empty()) origin.nodes.push_back(peer.address);
  origin.host = headers.find("Host").value_or("");
  return origin;
}

/// To many applications (CGI, WSGI) an underscore is a dash.
bool same_to_applications(std::string_view name, std::string_view dashed) {
  return std::ranges::equal(
      name, dashed, [](char a, char b) { return equal_ignoring_case({&a, 1}, {&b, 1}) || (a == '_' && b == '-'); });
}

bool speaks_of_origin(std::string_view name, bool peer_trusted) {
  constexpr std::string_view prefix = "X-Forwarded-";
  if (name.size() == 9) return equal_ignoring_case(name, "Forwarded");
  if (name.size() <= prefix.size() || !same_to_applications(name.substr(0, prefix.size()), prefix)) return false;
  if (!peer_trusted || name.contains('_')) return true;
  const std::string_view what = name.substr(prefix.size());
  return equal_ignoring_case(what, "For") || equal_ignoring_case(what, "Proto") || equal_ignoring_case(what, "Host");
}

void append_quoted(std::string& out, std::string_view text) {
  if (!text.contains('"') && !text.contains('\\')) return append_parts(out, "\"", text, "\"");
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
}

/// As a token where it is one. An IPv6 address has brackets there, and so is none.
void append_node(std::string& out, std::string_view node) {
  out.append("for=");
  node.contains(':') ? out.append("\"[").append(node).append("]\"") : out.append(node);
}

}  // namespace

std::optional<std::string> parse_forwarded_for(std::string_view element) {
  const std::string_view text = grammar::without_blanks(element);
  if (equal_ignoring_case(text, "unknown")) return "unknown";
  if (const auto address = IpAddress::parse(text)) return address->text();
  return address_of_node(text);
}

std::optional<std::vector<ForwardedHop>> parse_forwarded(std::string_view value) {
  std::vector<ForwardedHop> hops;
  while (true) {
    skip_blanks(value);
    if (!value.empty() && !value.starts_with(',')) {
      ElementReader element;
      if (!element.take_pair(value)) return std::nullopt;
      while (value.starts_with(';')) {
        value.remove_prefix(1);
        if (!element.take_pair(value)) return std::nullopt;
      }
      hops.push_back(std::move(element.hop));
      skip_blanks(value);
    }
    if (value.empty()) return hops;
    if (!value.starts_with(',') || hops.size() == limits::forwarded_hops) return std::nullopt;
    value.remove_prefix(1);
  }
}

Origin origin_of(const Headers& headers, const ConnectionEnd& peer, const AddressBlocks& trusted) {
  Origin origin = as_seen(headers, peer);
  const auto address = trusted.empty() ? std::nullopt : IpAddress::parse(peer.address);
  origin.peer_trusted = peer.address.empty() || (address && trusted.contain(*address));
  if (!origin.peer_trusted || read_claims(headers, trusted, origin)) return origin;
  origin = as_seen(headers, peer);
  origin.peer_trusted = origin.malformed = true;
  return origin;
}

void remove_forwarded(Headers& headers, bool peer_trusted) {
  headers.remove_if([&](std::string_view name) { return speaks_of_origin(name, peer_trusted); });
}

/// What the client asked for is told of its own hop, the first one.
void add_forwarded(Headers& headers, const Origin& origin) {
  std::string nodes(origin.nodes.empty() ? "unknown" : origin.client());
  std::string hops;
  hops.reserve(128);
  append_node(hops, nodes);
  hops.append(";proto=").append(origin.proto);
  if (!origin.host.empty()) append_quoted(hops.append(";host="), origin.host);
  for (std::size_t i = 1; i < origin.nodes.size(); ++i) {
    nodes.append(", ").append(origin.nodes[i]);
    append_node(hops.append(", "), origin.nodes[i]);
  }
  headers.add("X-Forwarded-For", nodes);
  headers.add("X-Forwarded-Proto", origin.proto);
  if (!origin.host.empty()) headers.add("X-Forwarded-Host", origin.host);
  headers.add("Forwarded", hops);
}

void add_via(Headers& headers) { headers.add("Via", via_us); }

std::size_t times_passed_on(const Headers& headers) {
  std::size_t times = 0;
  for (const auto field : headers) {
    if (!equal_ignoring_case(field.name, "Via")) continue;
    for (const std::string_view hop : split(field.value, ',')) times += trim(hop) == via_us ? 1 : 0;
  }
  return times;
}

}  // namespace standin
