#include "net/dns.h"

namespace standin {

void DnsBoard::publish(ResolvedName name) {
  const std::lock_guard lock(mutex_);
  ResolvedName& known = names_[name.name];
  if (name.addresses.empty() && !known.addresses.empty()) {
    name.addresses = std::move(known.addresses);
    name.stale = true;
  }
  known = std::move(name);
}

std::vector<ResolvedName::Address> DnsBoard::last_known(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(name);
  return found == names_.end() || found->second.pinned ? std::vector<ResolvedName::Address>() : found->second.addresses;
}

std::vector<ResolvedName> DnsBoard::names() const {
  const std::lock_guard lock(mutex_);
  std::vector<ResolvedName> all;
  for (const auto& [key, name] : names_) all.push_back(name);
  return all;
}

}  // namespace standin
