#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "dialect/template.h"

namespace standin {

/// One of a stand-in's answers: status, headers and body by template. Immutable.
class AnswerTemplate {
 public:
  /// `name` ("approve") and the template's own place begin every error. `stripped` fields may not be shown.
  static Result<AnswerTemplate> make(const TemplateConfig& config, std::string_view name,
                                     std::span<const Selector> stripped);

  Response render(const AnswerContext& context) const;
  /// Lower case, without parameters; empty if it has no body.
  const std::string& media_type() const { return media_type_; }

 private:
  AnswerTemplate() = default;
  Result<void> add_header(const std::string& header, const std::string& value);
  Result<void> set_body(const std::string& text);
  Result<void> check_stripped(std::span<const Selector> stripped) const;

  int status_ = 0;
  std::string media_type_;
  std::vector<std::pair<std::string, Template>> headers_;
  Template body_;
};

}  // namespace standin
