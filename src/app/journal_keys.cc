#include "app/journal_keys.h"

#include <fmt/format.h>

namespace standin {

Result<void> is_sealed_with(const Vault& vault, const JournalConfig& config, const std::vector<OrderRow>& newest,
                            const std::function<Result<Sealed>(const Ulid&)>& request) {
  bool any = false;
  for (const OrderRow& order : newest) {
    const auto sealed = request(order.id);
    if (!sealed || sealed->wrapped_key.empty()) continue;
    if (vault.open(*sealed, request_context(order.id))) return {};
    any = true;
  }
  if (!any) return {};
  return failure(fmt::format("the journal {} was sealed with other keys than those of {}: name its own key file, or "
                             "begin another journal",
                             config.path, config.key_file),
                 config.key_file);
}

}  // namespace standin
