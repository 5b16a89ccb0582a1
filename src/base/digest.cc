#include "base/digest.h"

#include <cstring>

#include "base/text.h"

namespace standin {

std::string Digest::hex() const { return standin::hex(bytes); }

std::size_t OrderKeyHash::operator()(const OrderKey& key) const {
  std::size_t hash;  // the key is itself a uniform hash
  std::memcpy(&hash, key.digest.bytes.data(), sizeof hash);
  return hash;
}

}  // namespace standin
