#include <utility>

#include "net/http2_session.h"
#include "net/session.h"

// The part of Session that hands a connection over to HTTP/2.
namespace standin {
namespace {

/// What such a client begins with (RFC 9113, 3.4), and no request of HTTP/1.
constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

}  // namespace

/// Without TLS only a client that knows that we speak it does so (RFC 9113, 3.3). What has come is its beginning, or
/// may become it.
bool Session::awaits_preface() {
  if (!may_be_http2_) return false;
  const std::string_view bytes = connection_->buffer().bytes();
  may_be_http2_ = bytes.starts_with(preface) || preface.starts_with(bytes);
  speaks_http2_ = may_be_http2_ && bytes.size() >= preface.size();
  return may_be_http2_;
}

/// The rest of the connection's life.
Task<> Session::speak_http2() {
  const auto http2 = std::make_shared<Http2Session>(sessions_, connection_, shared_from_this());
  http2_ = http2.get();
  begun_.reset();
  const ErrorCode error = co_await http2->run();
  unconfirmed_ = http2->take_unconfirmed();
  if (error) {
    const Reading nothing_more = co_await ended(error);
    static_cast<void>(nothing_more);
  } else {
    co_await farewell();
  }
  connection_->close();
  co_await http2->settle();
  http2_ = nullptr;
}

}  // namespace standin
