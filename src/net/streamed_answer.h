#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/event.h"
#include "net/connection_body.h"

namespace standin {

/// The rest of a request's body on its way to an upstream, which may answer meanwhile. Never more than one piece of it
/// is held: the client is read as fast as the upstream takes it.
class Upload : public std::enable_shared_from_this<Upload> {
 public:
  enum class Framing {
    stated,  ///< the head says how long it is
    chunked,
    tunnel,  ///< it is no body: its end ends what we send
  };
  Upload(std::shared_ptr<Connection> connection, std::shared_ptr<BodySource> source, Framing framing);

  static Task<> run(std::shared_ptr<Upload> self);

  /// How long the other side may be silent: while there is more to send, and after the end.
  void allow(Duration between_pieces, Duration after_end);
  /// All of it was sent: the connection can carry another request.
  bool whole() const { return whole_; }
  /// It ended, whichever way.
  Event& ended() { return ended_; }
  /// Nothing more is asked of its source.
  void stop() { stopped_ = true; }

 private:
  Task<> send_all();
  Task<ErrorCode> send(std::string_view piece);

  const std::shared_ptr<Connection> connection_;
  std::shared_ptr<BodySource> source_;
  const Framing framing_;
  Duration between_pieces_{}, after_end_{};
  bool whole_ = false;
  bool stopped_ = false;
  Event ended_;
};

/// The rest of an answer, read from its upstream as fast as the client takes it. When it goes, the connection goes
/// back to the others that are idle, or is closed if anything is left on it.
class StreamedAnswer final : public ConnectionBody {
 public:
  struct Parts {
    std::shared_ptr<Connection> connection;
    ResponseReader reader;
    Duration patience;               ///< between two pieces
    std::shared_ptr<Upload> upload;  ///< nullptr: the request was sent whole
    bool tunnel = false;             ///< the upload is the other direction
    std::function<void(const std::shared_ptr<Connection>&)> give_back;
  };
  explicit StreamedAnswer(Parts parts);
  ~StreamedAnswer() override;

 private:
  Reading take(std::string_view& input, std::string_view& piece) override;
  const FramingRefusal& refusal() const override { return parts_.reader.refusal(); }
  Duration patience() override { return parts_.patience; }
  std::optional<FramingRefusal> ended(const ErrorCode& error) override;
  Event* other_direction() override { return parts_.tunnel ? &parts_.upload->ended() : nullptr; }

  Parts parts_;
};

}  // namespace standin
