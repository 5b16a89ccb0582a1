#include "journal/schema.h"

#include <fmt/format.h>

#include <array>
#include <string>

namespace standin {
namespace {

/// "STND", in the file's header: `file journal.db` tells what it is.
constexpr std::int64_t application_id = 0x53544E44;

constexpr const char* version_1 = R"sql(
CREATE TABLE orders (
  row INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  order_key BLOB NOT NULL CHECK (length(order_key) = 32),
  payload_digest BLOB NOT NULL CHECK (length(payload_digest) = 32),
  key_from_client INTEGER NOT NULL,
  shadow INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  route TEXT NOT NULL,
  upstream TEXT NOT NULL,
  stand_in TEXT NOT NULL,
  request_id TEXT NOT NULL,
  reference TEXT NOT NULL,
  config_version TEXT NOT NULL,
  amount_minor INTEGER,
  currency TEXT,
  merchant TEXT NOT NULL,
  customer TEXT NOT NULL,
  card TEXT NOT NULL,
  order_reference TEXT NOT NULL,
  country TEXT NOT NULL,
  accepted INTEGER NOT NULL,
  decision TEXT NOT NULL,
  policy_version TEXT NOT NULL,
  cause TEXT NOT NULL,
  forward TEXT NOT NULL,
  created INTEGER NOT NULL,
  first_sent INTEGER NOT NULL,
  state INTEGER NOT NULL,
  superseded INTEGER NOT NULL DEFAULT 0,
  undelivered INTEGER NOT NULL DEFAULT 0,
  unresolved INTEGER NOT NULL,
  done_after_all INTEGER,
  token INTEGER NOT NULL,
  lease_owner TEXT NOT NULL DEFAULT '',
  lease_until INTEGER NOT NULL DEFAULT 0,
  listen_until INTEGER NOT NULL,
  due INTEGER NOT NULL,
  replays INTEGER NOT NULL DEFAULT 0,
  upstream_reference TEXT NOT NULL DEFAULT '',
  settled_minor INTEGER NOT NULL DEFAULT 0,
  exposed_minor INTEGER NOT NULL
) STRICT;
-- Not IN: SQLite would build a table of the five numbers for every order it inserts.
CREATE INDEX orders_due ON orders (due)
  WHERE shadow = 0 AND (state = 1 OR state = 2 OR state = 7 OR state = 8 OR state = 10);
CREATE UNIQUE INDEX orders_upstream_reference ON orders (upstream, upstream_reference) WHERE upstream_reference <> '';

CREATE TABLE payloads (
  order_row INTEGER PRIMARY KEY,
  request_key_id INTEGER NOT NULL,
  request_wrapped_key BLOB NOT NULL,
  request BLOB NOT NULL,
  answer_key_id INTEGER NOT NULL,
  answer_wrapped_key BLOB NOT NULL,
  answer BLOB NOT NULL
) STRICT;

CREATE TABLE transitions (
  order_row INTEGER NOT NULL,
  number INTEGER NOT NULL,
  state INTEGER NOT NULL,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  why TEXT NOT NULL,
  PRIMARY KEY (order_row, number)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER transitions_stay BEFORE UPDATE ON transitions
  BEGIN SELECT RAISE(ABORT, 'transitions are append-only'); END;
CREATE TRIGGER transitions_remain BEFORE DELETE ON transitions
  BEGIN SELECT RAISE(ABORT, 'transitions are append-only'); END;

CREATE TABLE attempts (
  order_row INTEGER NOT NULL,
  number INTEGER NOT NULL,
  kind TEXT NOT NULL,
  target TEXT NOT NULL,
  token INTEGER NOT NULL,
  started INTEGER NOT NULL,
  open INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  ended INTEGER NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (order_row, number)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER attempts_close_once BEFORE UPDATE ON attempts
  WHEN OLD.open = 0 OR NEW.open = 1 OR NEW.order_row <> OLD.order_row OR NEW.number <> OLD.number
    OR NEW.kind <> OLD.kind OR NEW.token <> OLD.token OR NEW.started <> OLD.started
  BEGIN SELECT RAISE(ABORT, 'an attempt is closed once, and nothing else of it changes'); END;
CREATE TRIGGER attempts_remain BEFORE DELETE ON attempts
  BEGIN SELECT RAISE(ABORT, 'attempts are append-only'); END;

CREATE TABLE follow_ups (
  id INTEGER PRIMARY KEY,
  order_row INTEGER NOT NULL,
  reason TEXT NOT NULL,
  state TEXT NOT NULL,
  owner TEXT NOT NULL,
  opened INTEGER NOT NULL
) STRICT;
CREATE INDEX follow_ups_open ON follow_ups (order_row) WHERE state <> 'closed';

CREATE TABLE follow_up_notes (
  follow_up INTEGER NOT NULL,
  number INTEGER NOT NULL,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (follow_up, number)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER follow_up_notes_stay BEFORE UPDATE ON follow_up_notes
  BEGIN SELECT RAISE(ABORT, 'notes are append-only'); END;
CREATE TRIGGER follow_up_notes_remain BEFORE DELETE ON follow_up_notes
  BEGIN SELECT RAISE(ABORT, 'notes are append-only'); END;

CREATE TABLE modes (
  route TEXT PRIMARY KEY,
  mode TEXT NOT NULL,
  until INTEGER NOT NULL,
  who TEXT NOT NULL,
  why TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
)sql";

// Charges written before they are sent. The answers to them come later: a table of its own appends them, where a row of
// `payloads` that grows would split the page it is on. What is listed when nobody asks for more has an index, or a
// million charges that their party answered would be read to find the few that it did not.
constexpr const char* version_2 = R"sql(
ALTER TABLE orders ADD COLUMN network TEXT NOT NULL DEFAULT '';
ALTER TABLE orders ADD COLUMN behind BLOB CHECK (behind IS NULL OR length(behind) = 16);
CREATE INDEX orders_behind ON orders (behind) WHERE behind IS NOT NULL;
ALTER TABLE orders ADD COLUMN answered INTEGER NOT NULL DEFAULT 1;
ALTER TABLE orders ADD COLUMN stood_in INTEGER NOT NULL DEFAULT 1;
DROP INDEX orders_due;
CREATE INDEX orders_due ON orders (due)
  WHERE shadow = 0 AND (state = 1 OR state = 2 OR state = 7 OR state = 8 OR state = 10 OR state = 14);
CREATE INDEX orders_listed ON orders (shadow)
  WHERE stood_in = 1 OR (state <> 3 AND state <> 9 AND state <> 14 AND state <> 15);

CREATE TABLE answers (
  order_row INTEGER PRIMARY KEY,
  key_id INTEGER NOT NULL,
  wrapped_key BLOB NOT NULL,
  answer BLOB NOT NULL
) STRICT;

CREATE TABLE switches (
  upstream TEXT NOT NULL,
  key TEXT NOT NULL,
  cut INTEGER NOT NULL,
  until INTEGER NOT NULL,
  who TEXT NOT NULL,
  why TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (upstream, key)
) STRICT, WITHOUT ROWID;
)sql";

// Which process wrote what: its wall clock may have been set otherwise than the next one's. What an attempt knows of
// its party's clock may change until the attempt is closed, for an intent may go to another party.
constexpr const char* version_3 = R"sql(
CREATE TABLE runs (
  id INTEGER PRIMARY KEY,
  opened INTEGER NOT NULL,
  boot TEXT NOT NULL,
  boot_began INTEGER NOT NULL
) STRICT;
ALTER TABLE orders ADD COLUMN run INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN run INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN lead_least INTEGER;
ALTER TABLE attempts ADD COLUMN lead_most INTEGER;
DROP TRIGGER attempts_close_once;
CREATE TRIGGER attempts_close_once BEFORE UPDATE ON attempts
  WHEN OLD.open = 0 OR NEW.order_row <> OLD.order_row OR NEW.number <> OLD.number OR NEW.kind <> OLD.kind
    OR NEW.token <> OLD.token OR NEW.started <> OLD.started OR NEW.run <> OLD.run
  BEGIN SELECT RAISE(ABORT, 'an attempt is closed once, and nothing else of it changes'); END;
)sql";

/// The step to version n + 1 is at n. A step that has been released never changes; a change is another step.
constexpr std::array<const char*, journal_version> steps = {version_1, version_2, version_3};

std::unexpected<Error> schema_failure(Database& database, std::string_view doing, const std::string& path) {
  const auto failed = database.take_failure();
  return failure(fmt::format("cannot {} the journal {}: {}", doing, path, failed ? failed->what : "unknown"), path);
}

void take_step(Database& database, std::int64_t from) {
  database.execute("BEGIN IMMEDIATE");
  database.execute(steps.at(static_cast<std::size_t>(from)));
  database.execute(fmt::format("PRAGMA application_id = {}", application_id).c_str());
  database.execute(fmt::format("PRAGMA user_version = {}", from + 1).c_str());
  database.execute("COMMIT");
}

}  // namespace

Result<void> prepare_schema(Database& database, const std::string& path, int to) {
  const std::int64_t id = database.integer("PRAGMA application_id").value_or(0);
  const std::int64_t version = database.integer("PRAGMA user_version").value_or(0);
  const std::int64_t objects = database.integer("SELECT count(*) FROM sqlite_schema").value_or(0);
  if (database.failed()) return schema_failure(database, "read", path);
  const bool is_new = id == 0 && version == 0 && objects == 0;
  if (!is_new && id != application_id) {
    return failure(fmt::format("{} is not a journal of standin; name another file under [journal] url", path), path);
  }
  if (version > journal_version) {
    return failure(
        fmt::format("the journal {} was written by a newer standin (journal version {}, this one knows {}); run "
                    "that version, or a newer one",
                    path, version, journal_version),
        path);
  }
  for (std::int64_t at = version; at < to; ++at) take_step(database, at);
  if (database.failed()) return schema_failure(database, "prepare", path);
  return {};
}

}  // namespace standin
