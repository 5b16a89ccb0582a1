#include "net/dns.h"

namespace standin {

void DnsBoard::publish(ResolvedName name) {
  const std::lock_guard lock(mutex_);
  const std::string key = name.name;
  names_[key] = std::move(name);
}

std::vector<ResolvedName> DnsBoard::names() const {
  const std::lock_guard lock(mutex_);
  std::vector<ResolvedName> all;
  for (const auto& [key, name] : names_) all.push_back(name);
  return all;
}

}  // namespace standin
