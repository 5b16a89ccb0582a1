#include "net/door.h"

#include "base/result.h"

namespace standin {
namespace {

/// Whoever has IPv6 has at least so much of it to choose addresses from (RFC 6177).
constexpr std::size_t one_clients_bits = 64;

IpAddress counted_as(const IpAddress& address) { return address.is_v4() ? address : address.network(one_clients_bits); }

}  // namespace

std::string_view name(TurnedAway why) {
  switch (why) {
    case TurnedAway::connections: return "connections";
    case TurnedAway::connections_per_address: return "connections_per_address";
    case TurnedAway::stranger: return "stranger";
    case TurnedAway::proxy_header: return "proxy_header";
    case TurnedAway::malformed: return "malformed";
    case TurnedAway::too_large: return "too_large";
    case TurnedAway::too_slow: return "too_slow";
  }
  unreachable();
}

TurnedAway reason_of(int status) {
  if (status == 408) return TurnedAway::too_slow;
  return status == 413 || status == 431 ? TurnedAway::too_large : TurnedAway::malformed;
}

Door::Door(Limits limits, std::function<void(TurnedAway)> tell)
    : limits_(limits), tell_(std::move(tell)), trusted_(std::make_shared<const AddressBlocks>()) {}

void Door::trust(AddressBlocks proxies) { trusted_ = std::make_shared<const AddressBlocks>(std::move(proxies)); }

std::optional<Door::Pass> Door::enter(std::shared_ptr<Door> door) {
  if (door->connections_.fetch_add(1, std::memory_order_relaxed) < door->limits_.connections) return Pass(door);
  door->connections_.fetch_sub(1, std::memory_order_relaxed);
  door->turn_away(TurnedAway::connections);
  return std::nullopt;
}

Door::Shard& Door::shard_of(const IpAddress& address) {
  std::size_t hash = 0;
  for (const std::uint8_t byte : address.bytes()) hash = hash * 31 + byte;
  return shards_[hash % shards_.size()];
}

void Door::leave(const IpAddress& address) {
  Shard& shard = shard_of(address);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.open.find(address);
  if (--found->second == 0) shard.open.erase(found);
}

bool Door::Pass::name_client(const IpAddress& address) {
  if (door_->limits_.per_address == 0 || door_->trusts(address)) return true;
  const IpAddress client = counted_as(address);
  Shard& shard = door_->shard_of(client);
  {
    const std::lock_guard lock(shard.mutex);
    std::uint32_t& open = shard.open[client];
    if (open < door_->limits_.per_address) {
      ++open;
      address_ = client;
      return true;
    }
  }
  door_->turn_away(TurnedAway::connections_per_address);
  return false;
}

Door::Pass& Door::Pass::operator=(Pass&& other) noexcept {
  std::swap(door_, other.door_);
  std::swap(address_, other.address_);
  return *this;
}

Door::Pass::~Pass() {
  if (!door_) return;
  if (address_) door_->leave(*address_);
  door_->connections_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace standin
