#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace standin {

/// Finds where a head ends in bytes that arrive in pieces, and what in its raw form a parser would no longer show.
class HeadScan {
 public:
  /// Scans on in `bytes`, the head from its first byte, longer on each call. True when its end is there.
  bool scan(std::string_view bytes);
  /// Bytes of the head, its empty line included.
  std::size_t size() const { return size_; }
  /// A line ended by LF alone: two parsers would disagree about where it ends.
  bool bare_line_feed() const { return bare_line_feed_; }
  /// A field continued on the next line (obs-fold, RFC 9112, 5.2).
  bool folded() const { return folded_; }

 private:
  std::size_t at_ = 0;
  std::size_t line_at_ = 0;
  std::size_t size_ = 0;
  bool bare_line_feed_ = false;
  bool folded_ = false;
};

/// What real upstreams send and the parser would refuse, as the parser wants it: a status line without its last space,
/// lines ended by LF alone, a space before a field's colon. An approval that is plain to read must not become unknown.
std::string repaired_response_head(std::string_view head);

}  // namespace standin
