#include <llhttp.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/head.h"
#include "net/reader.h"

// Against llhttp, the parser of Node, which reads requests in many of the shops behind us: whatever bytes we accept as
// a request, it frames as the same one, ending at the same byte; and so it does with what we write for the upstream.

namespace standin {
namespace {

constexpr std::size_t head_max = 8 * 1024;
constexpr std::size_t body_max = 64 * 1024;

struct Framed {
  std::string method, target, body;
  std::size_t taken = 0;
};

struct Theirs {
  llhttp_errno error = HPE_OK;
  Framed request;
};

int on_url(llhttp_t* parser, const char* at, std::size_t size) {
  static_cast<Theirs*>(parser->data)->request.target.append(at, size);
  return HPE_OK;
}

int on_body(llhttp_t* parser, const char* at, std::size_t size) {
  static_cast<Theirs*>(parser->data)->request.body.append(at, size);
  return HPE_OK;
}

/// One request is looked at.
int on_message_complete(llhttp_t*) { return HPE_PAUSED; }

Theirs read_theirs(std::string_view bytes) {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_url = on_url;
  settings.on_body = on_body;
  settings.on_message_complete = on_message_complete;
  llhttp_t parser;
  llhttp_init(&parser, HTTP_REQUEST, &settings);
  Theirs theirs;
  parser.data = &theirs;
  theirs.error = llhttp_execute(&parser, bytes.data(), bytes.size());
  const char* const end = llhttp_get_error_pos(&parser);
  theirs.request.taken = end == nullptr ? bytes.size() : static_cast<std::size_t>(end - bytes.data());
  theirs.request.method = llhttp_method_name(static_cast<llhttp_method_t>(parser.method));
  return theirs;
}

struct Ours {
  Framed request;
  std::string written;
};

std::optional<Ours> read_ours(std::string_view bytes) {
  RequestReader reader(head_max, body_max);
  std::string_view input = bytes;
  if (reader.read(input) != Reading::complete) return std::nullopt;
  Request request = reader.take();
  Ours ours;
  append_head(ours.written, request, {}, {});
  ours.written += request.body;
  ours.request = {std::move(request.method), std::move(request.target), std::move(request.body),
                  bytes.size() - input.size()};
  return ours;
}

/// What llhttp refuses and we do not; a refusal smuggles nothing. Everything else must be framed alike.
bool known_refusal(const Theirs& theirs, std::string_view bytes) {
  switch (theirs.error) {
    case HPE_INVALID_METHOD: return true;  // it has a list of methods; new ones are the application's to know
    case HPE_INVALID_URL: return true;     // it is strict where clients send characters that no URI may have
    case HPE_INVALID_CONTENT_LENGTH:
    case HPE_INVALID_TRANSFER_ENCODING: return bytes.contains('\t');  // it takes no tab for a blank there
    case HPE_INVALID_CHUNK_SIZE: return bytes.contains(';');          // nor a second extension after one with a value
    case HPE_STRICT: return bytes.contains('"');  // nor everything that a chunk extension's string may hold
    default: return false;
  }
}

void check_alike(const Framed& ours, std::string_view bytes) {
  const Theirs theirs = read_theirs(bytes);
  if (known_refusal(theirs, bytes)) return;
  ensure(theirs.error == HPE_PAUSED || theirs.error == HPE_PAUSED_UPGRADE, "it takes what we take");
  ensure(theirs.request.method == ours.method, "as the same method");
  ensure(theirs.request.target.ends_with(ours.target.substr(1)), "of the same target");
  ensure(theirs.request.body == ours.body, "with the same body");
  ensure(theirs.request.taken == ours.taken, "which ends at the same byte");
}

}  // namespace
}  // namespace standin

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace standin;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto ours = read_ours(bytes);
  if (!ours) return 0;
  check_alike(ours->request, bytes);
  ours->request.taken = ours->written.size();
  check_alike(ours->request, ours->written);
  return 0;
}
