#include "route/redirect.h"

#include <fmt/format.h>

namespace standin {
namespace {

/// Browsers read a backslash as a slash, and other characters that no URL holds as they please.
std::string encoded(std::string_view text, std::string_view allowed) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain || allowed.contains(c)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace

std::string_view host_of(const Request& request) {
  const std::string_view host = request.headers.find("Host").value_or("");
  const auto colon = host.rfind(':');
  const bool has_port = colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
  return has_port ? host.substr(0, colon) : host;
}

std::optional<std::string> redirect_location(std::string_view pattern, const Request& request) {
  constexpr std::string_view host_mark = "{host}";
  constexpr std::string_view target_mark = "{target}";
  std::string location(pattern);
  const bool with_target = location.ends_with(target_mark);
  if (with_target) location.resize(location.size() - target_mark.size());
  if (const auto at = location.find(host_mark); at != std::string::npos) {
    const std::string host = encoded(host_of(request), "-._~[]:");
    if (host.empty()) return std::nullopt;
    location.replace(at, host_mark.size(), host);
  }
  const bool is_path = request.target.starts_with('/');  // and not the asterisk of OPTIONS
  if (with_target) location += is_path ? encoded(request.target, "-._~:/?#[]@!$&'()*+,;=%") : "/";
  return location;
}

}  // namespace standin
