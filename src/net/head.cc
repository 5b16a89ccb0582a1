#include "net/head.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "base/text.h"

namespace standin {
namespace {

void append_number(std::string& out, std::size_t number, int base = 10) {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number, base);
  if (error == std::errc{}) out.append(digits, end);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  append_parts(out, name, ": ", value, "\r\n");
}

void append_length(std::string& out, std::size_t length) {
  out.append("Content-Length: ");
  append_number(out, length);
  out.append("\r\n");
}

std::size_t head_size_about(const Headers& headers) {
  std::size_t size = 256;
  for (const auto field : headers) size += field.name.size() + field.value.size() + 4;
  return size;
}

bool may_have_body(std::string_view method) { return method == "POST" || method == "PUT" || method == "PATCH"; }

bool without_length(int status) { return status < 200 || status == 204; }

template <class Take>
void visit_fields(const Response& response, Length length, const Take& take) {
  const bool as_stated = length == Length::as_stated || response.status == 304;
  const bool unknown = length == Length::chunked || length == Length::until_close;
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, response.body.size());
  const std::string_view of_body(digits, error == std::errc{} ? end : digits);
  bool length_given = unknown || without_length(response.status);
  for (const auto [name, value] : response.headers) {
    if (hop_by_hop(name)) continue;
    if (!equal_ignoring_case(name, "Content-Length")) {
      take(name, value);
    } else if (!length_given) {
      length_given = true;
      as_stated ? take(name, value) : take("Content-Length", of_body);
    }
  }
  // An upstream's answer to HEAD has no body to tell it from.
  const bool tellable = length == Length::of_body || !response.body.empty();
  if (!length_given && tellable && response.status != 304) take("Content-Length", of_body);
}

void append_upgrade(std::string& out, std::string_view protocol) {
  if (protocol.empty()) return;
  append_field(out, "Connection", "upgrade");
  append_field(out, "Upgrade", protocol);
}

}  // namespace

std::string_view reason(int status) {
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 203: return "Non-Authoritative Information";
    case 204: return "No Content";
    case 205: return "Reset Content";
    case 206: return "Partial Content";
    case 300: return "Multiple Choices";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 407: return "Proxy Authentication Required";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 425: return "Too Early";
    case 426: return "Upgrade Required";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
  }
  return "";
}

bool hop_by_hop(std::string_view name) {
  switch (name.size()) {
    case 2: return equal_ignoring_case(name, "TE");
    case 7: return equal_ignoring_case(name, "Trailer") || equal_ignoring_case(name, "Upgrade");
    case 10:
      if (equal_ignoring_case(name, "Connection") || equal_ignoring_case(name, "Keep-Alive")) return true;
      break;
    case 17:
      if (equal_ignoring_case(name, "Transfer-Encoding")) return true;
      break;
  }
  return name.size() > 6 && equal_ignoring_case(name.substr(0, 6), "Proxy-");
}

bool lists(std::string_view list, std::string_view token) {
  while (true) {
    const auto comma = list.find(',');
    if (equal_ignoring_case(trim(list.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

void append_head(std::string& out, const Request& request, std::string_view base_path, std::string_view host) {
  out.reserve(out.size() + request.target.size() + base_path.size() + host.size() + head_size_about(request.headers));
  append_parts(out, request.method, " ", base_path, request.target, " HTTP/1.1\r\n");
  if (!host.empty()) append_field(out, "Host", host);
  const bool in_pieces = request.rest && request.upgrade.empty();
  bool length_given = false;
  for (const auto [name, value] : request.headers) {
    if (hop_by_hop(name) || equal_ignoring_case(name, "Expect")) continue;
    if (!host.empty() && equal_ignoring_case(name, "Host")) continue;
    if (equal_ignoring_case(name, "Content-Length")) {
      if (!length_given) in_pieces ? append_field(out, name, value) : append_length(out, request.body.size());
      length_given = true;
      continue;
    }
    append_field(out, name, value);
  }
  if (!length_given && in_pieces) {
    append_field(out, "Transfer-Encoding", "chunked");
  } else if (!length_given && (!request.body.empty() || may_have_body(request.method))) {
    append_length(out, request.body.size());
  }
  append_upgrade(out, request.upgrade);
  out.append("\r\n");
}

void append_head(std::string& out, const Response& response, Length length, bool close) {
  out.reserve(out.size() + head_size_about(response.headers));
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::size_t>(response.status));
  append_parts(out, " ", reason(response.status), "\r\n");
  visit_fields(response, length,
               [&out](std::string_view name, std::string_view value) { append_field(out, name, value); });
  if (length == Length::chunked) append_field(out, "Transfer-Encoding", "chunked");
  append_upgrade(out, response.upgrade);
  if (close) append_field(out, "Connection", "close");
  out.append("\r\n");
}

void each_field(const Response& response, Length length,
                const std::function<void(std::string_view name, std::string_view value)>& take) {
  visit_fields(response, length, take);
}

void append_chunk_head(std::string& out, std::size_t size) {
  append_number(out, size, 16);
  out.append("\r\n");
}

bool sendable(const Request& request) {
  constexpr auto separates = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 127; };
  return !request.method.empty() && std::ranges::none_of(request.method, separates) && !request.target.empty() &&
         std::ranges::none_of(request.target, separates);
}

}  // namespace standin
