#include "cache/bodies.h"

#include <algorithm>
#include <utility>

#include "cache/cache_limits.h"

namespace standin {
namespace {

class LentBody final : public BodySource {
 public:
  explicit LentBody(std::shared_ptr<const std::string> body) : body_(std::move(body)), left_(*body_) {}

  Task<Piece> next() override {
    const std::string_view piece = left_.substr(0, limits::cached_body_piece);
    left_.remove_prefix(piece.size());
    co_return piece;
  }
  const std::optional<FramingRefusal>& failure() const override { return none_; }

 private:
  const std::shared_ptr<const std::string> body_;
  std::string_view left_;
  const std::optional<FramingRefusal> none_;
};

class CopiedBody final : public BodySource {
 public:
  CopiedBody(std::shared_ptr<BodySource> source, std::shared_ptr<Cache> cache, std::function<void(std::string)> whole)
      : source_(std::move(source)), cache_(std::move(cache)), whole_(std::move(whole)) {}
  ~CopiedBody() override { give_up(); }

  Task<Piece> next() override {
    const Piece piece = co_await source_->next();
    if (!piece) {
      give_up();
    } else if (piece->empty()) {
      end();
    } else {
      add(*piece);
    }
    co_return piece;
  }
  const std::optional<FramingRefusal>& failure() const override { return source_->failure(); }

  void add(std::string_view piece) {
    if (!whole_) return;
    const std::size_t size = copy_.size() + piece.size();
    if (size > cache_->answer_bytes_max() || !make_room(size)) return give_up();
    copy_.append(piece);
  }

 private:
  /// Doubled each time, as the string itself would; both are bounded by what one answer may have.
  bool make_room(std::size_t size) {
    if (size <= reserved_) return true;
    const std::size_t wanted = std::min(std::max(size, 2 * reserved_), cache_->answer_bytes_max());
    if (!cache_->fill(wanted - reserved_)) return false;
    reserved_ = wanted;
    copy_.reserve(wanted);
    return true;
  }

  void end() {
    if (auto whole = std::exchange(whole_, nullptr)) whole(std::move(copy_));
    give_up();
  }

  void give_up() {
    whole_ = nullptr;
    copy_ = {};
    cache_->end_filling(std::exchange(reserved_, 0));
  }

  const std::shared_ptr<BodySource> source_;
  const std::shared_ptr<Cache> cache_;
  std::function<void(std::string)> whole_;
  std::string copy_;
  std::size_t reserved_ = 0;
};

}  // namespace

std::shared_ptr<BodySource> lent_body(std::shared_ptr<const std::string> body) {
  return std::make_shared<LentBody>(std::move(body));
}

std::shared_ptr<BodySource> copied_body(std::shared_ptr<BodySource> source, std::string begun,
                                        std::shared_ptr<Cache> cache, std::function<void(std::string)> whole) {
  auto copied = std::make_shared<CopiedBody>(std::move(source), std::move(cache), std::move(whole));
  copied->add(begun);
  return copied;
}

}  // namespace standin
