#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/http2_body.h"
#include "net/http2_head.h"
#include "net/server.h"

namespace standin {

/// One request of an HTTP/2 connection, and its answer. Its loop's thread alone.
class Http2Stream final : public Client, public std::enable_shared_from_this<Http2Stream> {
 public:
  /// `connection` is the client as the whole connection knows it.
  Http2Stream(std::shared_ptr<Http2Wire> wire, std::shared_ptr<const Client> connection, std::int32_t id);

  bool gone() const override { return broken_ || connection_->gone(); }
  std::string address() const override { return connection_->address(); }
  bool secure() const override { return connection_->secure(); }
  std::optional<Instant> begun() const override { return begun_; }
  void interim(const Response& response) const override;

  std::int32_t id() const { return id_; }
  /// By when something is to happen, or the client is too slow: set by whoever reads the request, and by the body or
  /// the answer while either waits for the client.
  Instant due() const;

  /// Answers; a body that comes in pieces is begun.
  void answer(Reply reply);
  bool answers_in_pieces() const { return reply_.response.rest != nullptr; }
  /// Passes such a body on, to its end or until the stream is closed.
  Task<> pass_on();
  /// What the frames take of the body; `last` is set with its end. Nothing if nothing is there yet.
  std::optional<std::size_t> take(std::span<std::uint8_t> room, bool& last);
  /// The frames have taken all there is, with the end of the answer.
  void end_with_this();
  bool all_taken() const { return all_taken_; }

  /// The connection has taken all of the answer. A client who has not sent all of the request is told not to go on.
  /// What is to be called should the answer turn out not to have arrived.
  std::move_only_function<void()> written();
  /// It did not take it.
  void not_written(std::string_view cut);
  /// The frames are done with the stream. `cut`: who broke off what was not written whole.
  void close(std::string_view cut);
  bool closed() const { return closed_; }
  /// Ends it from our side; close() comes later.
  void reset(std::uint32_t code);
  bool reset_by_us() const { return reset_by_us_; }
  /// The client let due() pass.
  void give_up();

  /// A field of the head or of the trailers, which are dropped. False when so much has come that reading on is wasted.
  bool add_field(std::string_view name, std::string_view value, std::size_t bytes_max);

  // Of the request, for whoever reads it:
  std::unique_ptr<Http2Head> head;    ///< while its fields come
  Request request;                    ///< until it is handled
  bool to_head = false;               ///< an answer has no body
  std::shared_ptr<Http2Body> body;    ///< nullptr if the head was all
  Instant whole_by = Instant::max();  ///< all that is awaited before it is handled: the head alone, or the body too
  bool with_handler = false;

 private:
  void submit();
  void offer(std::string_view piece);
  void break_off(std::string_view cut);
  void end(std::string_view cut);

  const std::shared_ptr<Http2Wire> wire_;
  const std::shared_ptr<const Client> connection_;
  const std::int32_t id_;
  const Instant begun_;
  Reply reply_;
  std::optional<std::uint64_t> stated_;  ///< length of the answer's body
  std::string_view piece_;               ///< of the answer's body, not taken yet
  bool last_ = false;                    ///< nothing comes after it
  bool answered_ = false;                ///< reply_ is there
  bool all_taken_ = false;               ///< by the frames
  bool ended_ = false;                   ///< reply_ knows how it ended
  bool broken_ = false;                  ///< before that, or before it was answered
  bool reset_by_us_ = false;
  bool closed_ = false;
  std::uint64_t sent_ = 0;
  std::size_t trailer_bytes_ = 0;
  Instant taken_by_ = Instant::max();
  Http2Bell bell_;
};

}  // namespace standin
