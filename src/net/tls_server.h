#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/tls.h"

namespace standin {

class TicketKeys;

/// What a listener shows to its clients, and what it wants of them. Files are PEM.
struct TlsServerOptions {
  struct Pair {
    std::string certificate;  ///< with the certificates between it and the authority, in that order
    std::string key;
  };
  std::vector<Pair> certificates;           ///< the first is shown to who asks for no name, or for one that none is for
  std::string client_ca;                    ///< authorities of clients' certificates; "": none are asked for
  bool client_certificate_required = true;  ///< with `client_ca`
  bool http2 = true;
};

/// A certificate that a listener shows.
struct ShownCertificate {
  std::string file;
  WallTime expires{};
};

/// What was read from the files of one TlsServerOptions: good to be used.
class TlsIdentity {
 public:
  struct State;
  /// The error says what is wrong with which file, and what to do. No part of a key is ever in it.
  static Result<std::shared_ptr<const TlsIdentity>> load(TlsServerOptions options);
  ~TlsIdentity();

  const std::vector<ShownCertificate>& certificates() const;
  /// One of its files is not what it was when it was read.
  bool outdated() const;
  const TlsServerOptions& options() const;

 private:
  friend class TlsServer;
  explicit TlsIdentity(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

/// One listener's side of TLS 1.2 and 1.3, for all threads. Clients resume their sessions by tickets that every thread
/// can open, and that nothing is kept for; but not where they show certificates: those are looked at each time. Any
/// thread.
class TlsServer {
 public:
  explicit TlsServer(std::shared_ptr<const TlsIdentity> identity);
  ~TlsServer();

  /// For one connection; on its loop's thread.
  std::unique_ptr<TlsSession> session();

  std::shared_ptr<const TlsIdentity> identity() const;
  /// For connections from now on. Tickets stay good.
  void use(std::shared_ptr<const TlsIdentity> identity);

 private:
  const std::shared_ptr<TicketKeys> tickets_;
  mutable std::mutex mutex_;
  std::shared_ptr<const TlsIdentity> identity_;
};

}  // namespace standin
