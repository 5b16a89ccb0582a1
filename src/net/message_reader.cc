#include "net/message_reader.h"

#include <algorithm>

#include "base/text.h"
#include "net/grammar.h"
#include "net/head.h"

namespace standin {
namespace {

/// Fields that say something about the message itself.
enum class Special { none, host, expect, upgrade, connection, content_length, transfer_encoding, disguised };

/// `Content_Length`
bool same_but_for_underscores(std::string_view name, std::string_view with_dashes) {
  return std::ranges::equal(name, with_dashes,
                            [](char a, char b) { return a == '_' ? b == '-' : equal_ignoring_case({&a, 1}, {&b, 1}); });
}

Special special(std::string_view name, std::string_view framing, Special meaning) {
  if (equal_ignoring_case(name, framing)) return meaning;
  return same_but_for_underscores(name, framing) ? Special::disguised : Special::none;
}

Special special(std::string_view name) {
  switch (name.size()) {
    case 4: return equal_ignoring_case(name, "Host") ? Special::host : Special::none;
    case 6: return equal_ignoring_case(name, "Expect") ? Special::expect : Special::none;
    case 7: return equal_ignoring_case(name, "Upgrade") ? Special::upgrade : Special::none;
    case 10: return equal_ignoring_case(name, "Connection") ? Special::connection : Special::none;
    case 14: return special(name, "Content-Length", Special::content_length);
    case 17: return special(name, "Transfer-Encoding", Special::transfer_encoding);
  }
  return Special::none;
}

Reading add_to(std::string& list, std::string_view value) {
  list.append(list.empty() ? "" : ",").append(value);
  return Reading::more;
}

}  // namespace

std::optional<int> version_of(std::string_view text) {
  if (text == "HTTP/1.1") return 11;
  if (text == "HTTP/1.0") return 10;
  return std::nullopt;
}

Reading MessageReader::refuse(FramingRefusal why) {
  refusal = why;
  return Reading::refused;
}

Reading MessageReader::add_field(std::string_view line, std::string_view name) {
  return add(name, grammar::without_blanks(line.substr(line.find(':') + 1)));
}

Reading MessageReader::add(std::string_view name, std::string_view value) {
  if (!grammar::token(name) || !grammar::field_value(value)) return refuse(malformed_field);
  switch (special(name)) {
    case Special::none: break;
    case Special::host: ++hosts; break;
    case Special::expect: return add_to(expect, value.empty() ? "nothing" : value);
    case Special::upgrade: return add_to(upgrade, value);
    case Special::connection: return add_to(connection, value);
    case Special::content_length: return add_length(name, value);
    case Special::transfer_encoding: return add_encoding(value);
    case Special::disguised: disguised = true; break;
  }
  if (!hop_by_hop(name)) headers.add_of_line(name, value);
  return Reading::more;
}

Reading MessageReader::add_length(std::string_view name, std::string_view value) {
  const auto length = grammar::decimal(value);
  if (!length || (lengths > 0 && *length != framing.length)) return refuse({400, "malformed Content-Length"});
  framing.length = *length;
  if (++lengths == 1) headers.add(name, value.starts_with('0') ? std::to_string(*length) : value);
  return Reading::more;
}

/// Anything but one plain `chunked` hides a second message in the first from whoever reads it otherwise.
Reading MessageReader::add_encoding(std::string_view value) {
  if (framing.chunked || !equal_ignoring_case(value, "chunked")) return refuse({400, "unknown Transfer-Encoding"});
  framing.chunked = true;
  return Reading::more;
}

/// What `Connection` names concerns this connection alone; but nobody may take away what says whose message it is, and
/// how long.
void MessageReader::remove_named() {
  for (const std::string_view listed : split(connection, ',')) {
    const std::string_view name = grammar::without_blanks(listed);
    const Special known = special(name);
    if (!name.empty() && known != Special::host && known != Special::content_length) headers.remove(name);
  }
}

Reading MessageReader::accept_head() {
  if (!connection.empty()) remove_named();
  body_reader.emplace(framing, body_max, head_max);
  return Reading::complete;
}

Reading MessageReader::read_body(std::string_view& input) {
  const Reading reading = body_reader->read(input, body);
  return reading == Reading::refused ? refuse(body_reader->refusal()) : reading;
}

Reading MessageReader::read_piece(std::string_view& input, std::string_view& piece) {
  const Reading reading = body_reader->read_piece(input, piece);
  return reading == Reading::refused ? refuse(body_reader->refusal()) : reading;
}

std::optional<std::uint64_t> MessageReader::body_length() const {
  return framing.chunked || framing.to_end ? std::nullopt : std::optional(framing.length);
}

}  // namespace standin
