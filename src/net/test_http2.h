#pragma once

#include <fmt/format.h>
#include <nghttp2/nghttp2.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/test_peers.h"

namespace standin::testing {

using Fields = std::vector<std::pair<std::string, std::string>>;

inline Fields request_fields(std::string_view method, std::string_view path) {
  return {{":method", std::string(method)}, {":scheme", "http"}, {":authority", "a"}, {":path", std::string(path)}};
}

/// A client that speaks HTTP/2 as the library does. It reads when it is asked for something that has not come yet.
class Http2Client {
 public:
  struct Answer {
    int status = 0;
    std::vector<int> interim;
    std::multimap<std::string, std::string> fields;
    std::string body;
    bool whole = false;   ///< its end has come
    bool closed = false;  ///< the stream is
    std::uint32_t error = 0;

    std::string field(const std::string& name) const {
      const auto found = fields.find(name);
      return found == fields.end() ? "(none)" : found->second;
    }
  };

  /// `window`: opened again for what was taken only if it is 0.
  explicit Http2Client(RawSocket socket, std::uint32_t window = 0)
      : socket_(std::move(socket)), session_(nullptr, nghttp2_session_del) {
    nghttp2_session_callbacks* calls = nullptr;
    nghttp2_session_callbacks_new(&calls);
    nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_close);
    nghttp2_option* options = nullptr;
    nghttp2_option_new(&options);
    nghttp2_option_set_no_auto_window_update(options, window != 0);
    nghttp2_session* session = nullptr;
    nghttp2_session_client_new2(&session, calls, this, options);
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(calls);
    session_.reset(session);
    const nghttp2_settings_entry own{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window};
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, &own, window == 0 ? 0 : 1);
  }

  /// Begins a request; with `body`, all of it is sent as far as the server lets us. `open`: the body goes on.
  std::int32_t request(const Fields& fields, std::string body = {}, bool open = false) {
    std::vector<nghttp2_nv> names;
    for (const auto& [name, value] : fields) {
      names.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    auto upload = std::make_unique<Upload>(Upload{std::move(body), open});
    const nghttp2_data_provider from_upload{.source = {.ptr = upload.get()}, .read_callback = read_upload};
    const bool has_body = !upload->body.empty() || open;
    const std::int32_t id = nghttp2_submit_request(session_.get(), nullptr, names.data(), names.size(),
                                                   has_body ? &from_upload : nullptr, nullptr);
    uploads_[id] = std::move(upload);
    flush();
    return id;
  }

  void send_more(std::int32_t id, std::string_view body, bool last) {
    uploads_[id]->body.append(body);
    uploads_[id]->open = !last;
    nghttp2_session_resume_data(session_.get(), id);
    flush();
  }

  void reset(std::int32_t id) {
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    flush();
  }

  void open_window(std::int32_t id, std::size_t size) {
    nghttp2_session_consume(session_.get(), id, size);
    flush();
  }

  /// Reads until `done`; false if the connection ended, or nothing came in time.
  template <class Done>
  bool read_until(Done done) {
    flush();
    while (!done()) {
      char piece[16 * 1024];
      const ssize_t count = ::recv(socket_.native_handle(), piece, sizeof piece, 0);
      if (count <= 0) return false;
      if (nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const std::uint8_t*>(piece),
                                   static_cast<std::size_t>(count)) < 0) {
        return false;
      }
      flush();
    }
    return true;
  }

  const Answer& answer(std::int32_t id) { return answers_[id]; }
  /// The answer, once it is whole or its stream is closed.
  const Answer& wait_for(std::int32_t id) {
    read_until([&] { return answers_[id].whole || answers_[id].closed; });
    return answers_[id];
  }
  const Answer& ask(const Fields& fields, std::string body = {}) { return wait_for(request(fields, std::move(body))); }

  /// The server has said its settings.
  bool greeted() const { return greeted_; }
  /// Takes in all that the server has sent before it answers this; false if it does not.
  bool ping() {
    ponged_ = false;
    nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr);
    return read_until([this] { return ponged_; });
  }
  /// Codes of the GOAWAY frames that came.
  const std::vector<std::uint32_t>& goaways() const { return goaways_; }
  bool read_to_end() {
    return !read_until([] { return false; });
  }
  RawSocket& socket() { return socket_; }

  void flush() {
    const std::uint8_t* data = nullptr;
    ssize_t size = 0;
    while ((size = nghttp2_session_mem_send(session_.get(), &data)) > 0) {
      socket_.send({reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)});
    }
  }

 private:
  struct Upload {
    std::string body;
    bool open = false;
  };

  static std::uint8_t* bytes(const std::string& text) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
  }
  static Http2Client& self(void* user) { return *static_cast<Http2Client*>(user); }

  static ssize_t read_upload(nghttp2_session*, std::int32_t, std::uint8_t* room, std::size_t size, std::uint32_t* flags,
                             nghttp2_data_source* source, void*) {
    auto& upload = *static_cast<Upload*>(source->ptr);
    if (upload.body.empty() && upload.open) return NGHTTP2_ERR_DEFERRED;
    const std::size_t count = std::min(size, upload.body.size());
    std::memcpy(room, upload.body.data(), count);
    upload.body.erase(0, count);
    if (upload.body.empty() && !upload.open) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(count);
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                       const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
    Answer& answer = self(user).answers_[frame->hd.stream_id];
    const std::string key(reinterpret_cast<const char*>(name), name_size);
    const std::string text(reinterpret_cast<const char*>(value), value_size);
    if (key != ":status") {
      answer.fields.emplace(key, text);
    } else if (text.starts_with('1')) {
      answer.interim.push_back(std::stoi(text));
    } else {
      answer.status = std::stoi(text);
    }
    return 0;
  }

  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data, std::size_t size,
                     void* user) {
    self(user).answers_[id].body.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    const bool message = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    if (message && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      self(user).answers_[frame->hd.stream_id].whole = true;
    }
    if (frame->hd.type == NGHTTP2_SETTINGS) self(user).greeted_ = true;
    if (frame->hd.type == NGHTTP2_PING) self(user).ponged_ = (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
    if (frame->hd.type == NGHTTP2_GOAWAY) self(user).goaways_.push_back(frame->goaway.error_code);
    return 0;
  }

  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) {
    Answer& answer = self(user).answers_[id];
    answer.closed = true;
    answer.error = code;
    return 0;
  }

  RawSocket socket_;
  std::unique_ptr<nghttp2_session, void (*)(nghttp2_session*)> session_;
  std::map<std::int32_t, Answer> answers_;
  std::map<std::int32_t, std::unique_ptr<Upload>> uploads_;
  bool greeted_ = false;
  bool ponged_ = false;
  std::vector<std::uint32_t> goaways_;
};

/// Frames byte by byte, for what no library would send.
namespace frames {

constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// GET / of host "a", and POST, by indexes of HPACK's static table.
constexpr std::string_view get_block = "\x82\x86\x84\x41\x01\x61";
constexpr std::string_view post_block = "\x83\x86\x84\x41\x01\x61";

enum Type : std::uint8_t {
  data,
  headers,
  priority,
  rst_stream,
  settings,
  push,
  ping,
  goaway,
  window_update,
  continuation
};
constexpr std::uint8_t end_stream = 1, end_headers = 4;

inline std::string number(std::uint32_t value, int bytes) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) text += static_cast<char>(value >> shift);
  return text;
}

inline std::string frame(Type type, std::uint8_t flags, std::uint32_t stream, std::string_view payload = {}) {
  return number(static_cast<std::uint32_t>(payload.size()), 3) + static_cast<char>(type) + static_cast<char>(flags) +
         number(stream, 4) + std::string(payload);
}

inline std::string hello() { return std::string(preface) + frame(settings, 0, 0); }

/// The code of the GOAWAY that ends what the server said; nothing if it said none.
inline std::optional<std::uint32_t> goaway_in(std::string_view said) {
  std::optional<std::uint32_t> code;
  while (said.size() >= 9) {
    const auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(said[i])); };
    const std::size_t size = (at(0) << 16) + (at(1) << 8) + at(2);
    if (said.size() < 9 + size) break;
    if (at(3) == goaway) code = (at(13) << 24) + (at(14) << 16) + (at(15) << 8) + at(16);
    said.remove_prefix(9 + size);
  }
  return code;
}

}  // namespace frames
}  // namespace standin::testing
