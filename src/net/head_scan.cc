#include "net/head_scan.h"

#include <cstring>

#include "base/text.h"

namespace standin {
namespace {

/// "HTTP/1.1 200", which RFC 9112 wants followed by a space even without a reason.
constexpr std::size_t status_line_without_space = 12;

bool space_before_colon(std::string_view line) {
  const auto colon = line.find(':');
  return colon != std::string_view::npos && colon > 0 && (line[colon - 1] == ' ' || line[colon - 1] == '\t');
}

void append_repaired(std::string& out, std::string_view line) {
  const bool continues = line.starts_with(' ') || line.starts_with('\t');
  const auto colon = line.find(':');
  if (!continues && space_before_colon(line)) {
    out.append(trim(line.substr(0, colon))).append(line.substr(colon));
  } else {
    out.append(line);
  }
  out.append("\r\n");
}

}  // namespace

bool HeadScan::scan(std::string_view bytes) {
  while (at_ < bytes.size()) {
    if (at_ == line_at_ && at_ > 0) folded_ |= bytes[at_] == ' ' || bytes[at_] == '\t';
    const void* const found = std::memchr(bytes.data() + at_, '\n', bytes.size() - at_);
    if (found == nullptr) {
      at_ = bytes.size();
      return false;
    }
    const auto feed = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    const bool bare = feed == line_at_ || bytes[feed - 1] != '\r';
    bare_line_feed_ |= bare;
    if (feed - line_at_ == (bare ? 0 : 1)) {
      size_ = feed + 1;
      return true;
    }
    at_ = feed + 1;
    line_at_ = at_;
  }
  return false;
}

std::string repaired_response_head(std::string_view head) {
  std::string out;
  out.reserve(head.size() + 64);
  bool status_line = true;
  while (!head.empty()) {
    const auto end = head.find('\n');
    std::string_view line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (status_line && line.size() == status_line_without_space) {
      out.append(line).append(" \r\n");
    } else if (status_line) {
      out.append(line).append("\r\n");
    } else {
      append_repaired(out, line);
    }
    status_line = false;
  }
  return out;
}

}  // namespace standin
