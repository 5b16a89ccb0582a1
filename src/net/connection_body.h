#pragma once

#include <functional>
#include <memory>

#include "base/event.h"
#include "net/body.h"
#include "net/connection.h"
#include "net/net_limits.h"
#include "net/reader.h"

namespace standin {

/// Whether a body whose head was read, and that is not complete, is to be passed on while it comes.
template <class Reader>
bool comes_in_pieces(const Reader& reader) {
  return reader.head_done() && reader.body_length().value_or(limits::whole_body + 1) > limits::whole_body;
}

/// A body that is read from its connection when it is asked for, and so never held.
class ConnectionBody : public BodySource {
 public:
  Task<Piece> next() final;
  bool at_hand() const final { return !over_ && !connection_->buffer().bytes().empty(); }
  const std::optional<FramingRefusal>& failure() const final { return failure_; }

  /// All of it was read: what follows on the connection is another message.
  bool over() const { return over_; }
  bool begun() const { return begun_; }
  std::uint64_t bytes() const { return bytes_; }

 protected:
  explicit ConnectionBody(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

  void fail(FramingRefusal why) { failure_ = why; }

  /// As RequestReader::read_piece.
  virtual Reading take(std::string_view& input, std::string_view& piece) = 0;
  virtual const FramingRefusal& refusal() const = 0;
  /// Called before a wait for the other side; how long it may be silent from now on.
  virtual Duration patience() = 0;
  /// Called after it.
  virtual void waited(Duration) {}
  /// The connection ended: nothing if that is the body's end, else why it broke off.
  virtual std::optional<FramingRefusal> ended(const ErrorCode& error) = 0;
  /// Of a tunnel: set when the other direction has ended.
  virtual Event* other_direction() { return nullptr; }

  const std::shared_ptr<Connection> connection_;

 private:
  std::string_view take_piece();
  void end_with(const ErrorCode& error);

  bool begun_ = false;
  bool over_ = false;
  std::uint64_t bytes_ = 0;
  std::uint64_t bytes_before_turn_ = 0;  ///< when it last waited, so that others had their turn
  std::optional<FramingRefusal> failure_;
};

/// The rest of a client's request. Its session goes on when the answer is written, with or without it.
class IncomingBody final : public ConnectionBody {
 public:
  struct Parts {
    std::shared_ptr<Connection> connection;
    RequestReader& reader;  ///< until detach()
    BodyPace pace;
    bool raw = false;              ///< no body, but all that comes
    std::function<void()> invite;  ///< the client waits for `100 Continue`
  };
  explicit IncomingBody(Parts parts);

  /// Something of it was left on the connection: no further request can be told from it.
  bool leaves_unread() const { return raw_ ? begun() : !over(); }
  /// The reader is the session's own again. Whoever asks for a piece, or waits for one, gets a failure.
  void detach();

 private:
  Reading take(std::string_view& input, std::string_view& piece) override;
  const FramingRefusal& refusal() const override { return reader_->refusal(); }
  Duration patience() override;
  void waited(Duration span) override { pace_.waited(span); }
  std::optional<FramingRefusal> ended(const ErrorCode& error) override;

  RequestReader* reader_;
  BodyPace pace_;
  const bool raw_;
  std::function<void()> invite_;
};

}  // namespace standin
