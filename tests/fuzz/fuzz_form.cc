#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "dialect/form.h"

/// Any bytes are an error or a form that is encoded and read back the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace standin;
  const auto form = Form::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!form) return 0;
  const auto again = Form::parse(form->encoded());
  ensure(again.has_value(), "what was encoded is read");
  ensure(again->fields() == form->fields(), "with the same fields");
  return 0;
}
