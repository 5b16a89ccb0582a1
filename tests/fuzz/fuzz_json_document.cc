#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "dialect/json_document.h"
#include "dialect/json_pointer.h"
#include "dialect/json_write.h"
#include "dialect/plain_text.h"

/// Any bytes are an error or a document that is written and read back the same, plainly and sorted. The first line is
/// also tried as a JSON Pointer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace standin;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto pointer = JsonPointer::parse(text.substr(0, text.find('\n')));
  const auto document = JsonDocument::parse(text);
  if (!document) return 0;
  if (pointer) pointer->in(document->root());
  const std::string once = write_json(document->root());
  ensure(is_utf8(once), "JSON is written as UTF-8");
  const auto again = JsonDocument::parse(once);
  ensure(again.has_value(), "what was written is read");
  ensure(write_json(again->root()) == once, "and is written the same");
  ensure(write_json(again->root(), {.sorted = true}) == write_json(document->root(), {.sorted = true}),
         "equal documents have one sorted form");
  return 0;
}
