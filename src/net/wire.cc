#include <charconv>

#include "base/text.h"
#include "net/head.h"
#include "net/message.h"

namespace standin {
namespace {

/// Takes the next line off `text`, without its CRLF or LF; nothing if no line ends.
std::optional<std::string_view> take_line(std::string_view& text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::optional<std::size_t> number(std::string_view digits) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

/// Up to the empty line, or to the end of a file that stops before it.
bool take_fields(std::string_view& text, Headers& headers) {
  while (!text.empty()) {
    const auto line = take_line(text);
    if (!line) return false;
    if (line->empty()) return true;
    const auto colon = line->find(':');
    if (colon == std::string_view::npos || colon == 0 || line->find_first_of(" \t") < colon) return false;
    headers.add(line->substr(0, colon), trim(line->substr(colon + 1)));
  }
  return true;
}

/// What follows the head: Content-Length bytes of it where the head states them.
std::optional<std::string> body_of(const Headers& headers, std::string_view rest) {
  if (headers.has("Transfer-Encoding")) return std::nullopt;
  const auto stated = headers.find("Content-Length");
  if (!stated) return std::string(rest);
  const auto length = number(*stated);
  if (!length || *length > rest.size()) return std::nullopt;
  return std::string(rest.substr(0, *length));
}

}  // namespace

std::string to_wire(const Request& request) {
  std::string out;
  append_head(out, request, {}, {});
  return out.append(request.body);
}

std::string to_wire(const Response& response) {
  std::string out;
  append_head(out, response, Length::of_body, false);
  return out.append(response.body);
}

std::optional<Request> request_from_wire(std::string_view bytes) {
  const auto line = take_line(bytes);
  if (!line) return std::nullopt;
  const auto words = split(*line, ' ');
  if (words.size() != 3 || !words[2].starts_with("HTTP/1.")) return std::nullopt;
  Request request{.method = std::string(words[0]), .target = std::string(words[1]), .headers = {}, .body = {}};
  if (!sendable(request) || !take_fields(bytes, request.headers)) return std::nullopt;
  auto body = body_of(request.headers, bytes);
  if (!body) return std::nullopt;
  request.body = std::move(*body);
  return request;
}

std::optional<Response> response_from_wire(std::string_view bytes) {
  const auto line = take_line(bytes);
  if (!line || !line->starts_with("HTTP/1.") || line->size() < 12 || (*line)[8] != ' ') return std::nullopt;
  const auto status = number(line->substr(9, 3));
  if (!status || *status < 100 || (line->size() > 12 && (*line)[12] != ' ')) return std::nullopt;
  Response response{.status = static_cast<int>(*status), .headers = {}, .body = {}};
  if (!take_fields(bytes, response.headers)) return std::nullopt;
  auto body = body_of(response.headers, bytes);
  if (!body) return std::nullopt;
  response.body = std::move(*body);
  return response;
}

}  // namespace standin
