#include "journal/sqlite_journal.h"

#include "journal/journal_reader.h"
#include "journal/journal_writer.h"

namespace standin {
namespace {

/// Lets go of the reply when its coroutine ends, or is destroyed with its event loop.
class Waiting {
 public:
  explicit Waiting(Command command) : pending_(std::make_shared<Pending>(std::move(command))) {}
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() { pending_->abandon(); }

  const std::shared_ptr<Pending>& pending() const { return pending_; }

 private:
  std::shared_ptr<Pending> pending_;
};

/// The writer is held by the coroutine: a journal that stops answers everyone first.
Task<Reply> write(std::shared_ptr<JournalWriter> writer, Command command) {
  const Waiting waiting(std::move(command));
  if (!writer->submit(waiting.pending())) {
    co_return unwritten(waiting.pending()->command(), Unwritten::certainly,
                        "too much waits for the journal; try again");
  }
  Reply reply = co_await waiting.pending()->reply();
  co_return reply;
}

}  // namespace

SqliteJournal::SqliteJournal(const Clock& clock, std::shared_ptr<JournalWriter> writer,
                             std::unique_ptr<JournalReader> reader)
    : clock_(clock), writer_(std::move(writer)), reader_(std::move(reader)) {}

SqliteJournal::~SqliteJournal() { writer_->stop(); }

// The reader stays: it holds no lock while nothing is read.
void SqliteJournal::let_go() { writer_->stop(); }

Result<std::unique_ptr<SqliteJournal>> SqliteJournal::open(SqliteJournalOptions options) {
  ensure(options.clock != nullptr, "the journal has a clock");
  const bool alone = options.executor.has_value();
  auto writer = std::make_shared<JournalWriter>(*options.clock, options.metrics);
  if (auto opened = writer->open({.path = options.path,
                                  .vfs = options.vfs,
                                  .alone = alone,
                                  .now = options.clock->wall(),
                                  .boot = options.boot,
                                  .clocks = options.clocks});
      !opened) {
    return std::unexpected(opened.error());
  }
  std::unique_ptr<JournalReader> reader;
  if (alone) {
    reader = std::make_unique<JournalReader>(writer->database(), writer->runs());
    writer->run_on(*options.executor);
  } else {
    auto own = JournalReader::open(options.path, options.vfs, writer->runs());
    if (!own) return std::unexpected(own.error());
    reader = std::move(*own);
    writer->run_on_own_thread();
  }
  return std::unique_ptr<SqliteJournal>(new SqliteJournal(*options.clock, std::move(writer), std::move(reader)));
}

Task<Kept> SqliteJournal::keep(NewOrder order) {
  const Reply reply = co_await write(writer_, KeepCommand{std::move(order)});
  co_return std::get<Kept>(reply);
}

Task<Kept> SqliteJournal::conclude(Conclusion conclusion) {
  const Reply reply = co_await write(writer_, ConcludeCommand{std::move(conclusion)});
  co_return std::get<Kept>(reply);
}

Task<Applied> SqliteJournal::rebind(Lease lease, std::string upstream) {
  const Reply reply = co_await write(writer_, RebindCommand{lease, std::move(upstream)});
  co_return std::get<Applied>(reply);
}

Task<std::optional<Lease>> SqliteJournal::lease(Ulid id, std::string owner, WallTime until, Attempt attempt) {
  const Reply reply = co_await write(writer_, LeaseCommand{id, std::move(owner), until, std::move(attempt)});
  co_return std::get<std::optional<Lease>>(reply);
}

Task<Applied> SqliteJournal::apply(Change change) {
  const Reply reply = co_await write(writer_, ApplyCommand{std::move(change)});
  co_return std::get<Applied>(reply);
}

Task<Applied> SqliteJournal::mark_undelivered(Ulid id, State to, std::string why) {
  const Reply reply = co_await write(writer_, UndeliveredCommand{id, to, std::move(why)});
  co_return std::get<Applied>(reply);
}

Task<Result<void>> SqliteJournal::update_follow_up(std::int64_t id, std::string action, std::string who,
                                                   std::string text) {
  const Reply reply = co_await write(writer_, FollowUpCommand{id, std::move(action), std::move(who), std::move(text)});
  co_return std::get<Result<void>>(reply);
}

Task<Result<void>> SqliteJournal::set_mode(ModeRow mode) {
  const Reply reply = co_await write(writer_, ModeCommand{std::move(mode)});
  co_return std::get<Result<void>>(reply);
}

Task<Result<void>> SqliteJournal::set_switch(SwitchRow row) {
  const Reply reply = co_await write(writer_, SwitchCommand{std::move(row)});
  co_return std::get<Result<void>>(reply);
}

bool SqliteJournal::used_before() const { return reader_->used_before(); }

std::optional<Remembered> SqliteJournal::recall(const OrderKey& key) const { return writer_->index().recall(key); }
Result<Sealed> SqliteJournal::answer(const Ulid& id) { return reader_->sealed(id, JournalReader::Part::answer); }
Result<Sealed> SqliteJournal::request(const Ulid& id) { return reader_->sealed(id, JournalReader::Part::request); }
Result<std::vector<OrderRow>> SqliteJournal::orders(const OrderFilter& filter) {
  return reader_->orders(filter, clock_.wall());
}
Result<std::vector<TransitionRow>> SqliteJournal::transitions(const Ulid& id) { return reader_->transitions(id); }
Result<std::vector<Attempt>> SqliteJournal::attempts(const Ulid& id) { return reader_->attempts(id); }
Result<std::size_t> SqliteJournal::waiting(const std::string& route) { return reader_->waiting(route); }
std::map<State, std::size_t> SqliteJournal::counts() const { return writer_->index().counts(); }
Result<std::vector<FollowUpRow>> SqliteJournal::follow_ups(bool open_only) { return reader_->follow_ups(open_only); }
Result<std::vector<ModeRow>> SqliteJournal::modes() { return reader_->modes(); }
Result<std::vector<SwitchRow>> SqliteJournal::switches() { return reader_->switches(); }
Result<std::optional<Ulid>> SqliteJournal::holder(const std::string& upstream, const std::string& upstream_reference) {
  return reader_->holder(upstream, upstream_reference);
}
std::vector<Money> SqliteJournal::exposure() const { return writer_->index().exposure(); }
std::vector<Money> SqliteJournal::exposure_peak() const { return writer_->index().exposure_peak(); }
JournalHealth SqliteJournal::health() const { return writer_->health(); }

}  // namespace standin
