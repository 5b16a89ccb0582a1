#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "net/address.h"

namespace standin {

/// Why a connection or a request was not let in.
enum class TurnedAway : std::uint8_t {
  connections,              ///< too many are open
  connections_per_address,  ///< too many of that client's are
  stranger,                 ///< it may not speak the PROXY protocol: it is no trusted proxy
  proxy_header,             ///< the header of the PROXY protocol is missing, malformed or late
  malformed,                ///< a request that is answered with a status from 400 on, but for:
  too_large,                ///< 413, 431
  too_slow,                 ///< 408
};
std::string_view name(TurnedAway why);
/// Why a request was refused that is answered with this status.
TurnedAway reason_of(int status);

/// The edge's door, common to all its servers and threads: how many connections are open, in all and from each address,
/// and who is let through. Any thread.
class Door {
 public:
  struct Limits {
    std::size_t connections = 20'000;
    std::size_t per_address = 0;  ///< trusted proxies are exempt; 0: unlimited
  };
  /// `tell` is called, on any thread, with everything that is turned away.
  Door(Limits limits, std::function<void(TurnedAway)> tell);

  /// From now on, these are trusted.
  void trust(AddressBlocks proxies);
  bool trusts(const IpAddress& address) const { return trusted_.load()->contain(address); }

  /// One connection's place, given back when it goes.
  class Pass {
   public:
    Pass() = default;
    Pass(Pass&& other) noexcept
        : door_(std::exchange(other.door_, nullptr)), address_(std::exchange(other.address_, std::nullopt)) {}
    Pass& operator=(Pass&& other) noexcept;
    ~Pass();

    /// Counts it among those of its client. False, and told, if there are too many.
    bool name_client(const IpAddress& address);

   private:
    friend Door;
    explicit Pass(std::shared_ptr<Door> door) : door_(std::move(door)) {}

    std::shared_ptr<Door> door_;
    std::optional<IpAddress> address_;  ///< where it is counted
  };
  /// Nothing, and told, if too many connections are open.
  static std::optional<Pass> enter(std::shared_ptr<Door> door);

  void turn_away(TurnedAway why) { tell_(why); }

 private:
  /// Addresses share their locks, so that threads that accept at once seldom wait for each other.
  struct Shard {
    std::mutex mutex;
    std::map<IpAddress, std::uint32_t> open;  ///< no more entries than connections
  };
  Shard& shard_of(const IpAddress& address);
  void leave(const IpAddress& address);

  const Limits limits_;
  const std::function<void(TurnedAway)> tell_;
  std::atomic<std::shared_ptr<const AddressBlocks>> trusted_;
  std::atomic<std::size_t> connections_ = 0;
  std::array<Shard, 16> shards_;
};

}  // namespace standin
