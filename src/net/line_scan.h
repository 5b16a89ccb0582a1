#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace standin {

/// Takes lines off bytes that arrive in pieces, without looking at any of them twice.
class LineScan {
 public:
  /// The first line of `input`, its end included, taken off it; nothing while the line is not whole: then the same
  /// bytes are to be offered again, with more behind them.
  std::optional<std::string_view> take(std::string_view& input);
  struct Folded {
    std::string_view text;
    bool several = false;  ///< lines
  };
  /// The same, together with the lines after it that continue it because they begin with a blank (obs-fold, RFC 9112,
  /// 5.2).
  std::optional<Folded> take_folded(std::string_view& input);

 private:
  std::optional<std::size_t> feed(std::string_view input);

  std::size_t seen_ = 0;
  bool several_ = false;  ///< lines belong together so far
};

}  // namespace standin
