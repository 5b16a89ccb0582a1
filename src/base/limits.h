#pragma once

#include <chrono>
#include <cstddef>

#include "base/time.h"

/// Every queue, retry and wait that the configuration does not set, with the reason for its value.
namespace standin::limits {

using namespace std::chrono_literals;

/// Kept of a route's deadline for the journal's commit and the answer: a slow fdatasync is tens of milliseconds.
constexpr Duration commit_budget = 500ms;
/// The budget of a very short deadline is at most this part of it.
constexpr int commit_budget_part = 4;

/// A cache that is smaller would hold a handful of pages.
constexpr std::size_t cache_bytes_min = 1 << 20;

/// Orders waiting for the journal's writer. At 10,000 commits a second it is 0.8 s of backlog; full means unavailable.
constexpr std::size_t journal_queue = 8192;
/// Orders in one transaction: beyond this, commits get longer but not cheaper.
constexpr std::size_t journal_batch = 1024;
/// With a full disk and no orders, the writer looks this often whether there is room again, and wants this much.
constexpr Duration journal_try_again = 1s;
constexpr std::size_t journal_room_bytes_min = 1 << 20;

/// The upstream's own definite answers are kept this long, and so many of them, for the retry of a client that went
/// away and for one that comes when the upstream is down, each with places of its own: clients retry within minutes.
/// 20,000 small answers are some 20 MB.
constexpr Duration definite_answer_kept = 10min;
constexpr std::size_t definite_answers = 20'000;
/// Requests that may have happened, and that no answer and no record tells of: as many, of 100 bytes each.
constexpr std::size_t doubts = 20'000;

/// Retries at other targets of a party in flight at once: at most this share of its requests in flight, and at least so
/// many, so that a small shop can retry at all. More would be a storm on a party that is going down.
constexpr double retry_share = 0.2;
constexpr unsigned retries_min = 3;

/// Requests without a key that are remembered to recognise a second one that looks alike: ten minutes at 300 a second.
constexpr std::size_t lookalikes = 200'000;

/// How often a request about an order waits for a replay of it to finish.
constexpr Duration look_again = 50ms;

/// Breakers of one target, one for each combination of facts; the rest share one.
constexpr std::size_t breaker_keys = 256;

/// Between our deadline and the one given to a party that undoes by itself what it approves later.
constexpr Duration reverse_before_deadline = 1s;

/// Of healthy answers, one in this many is compared with the stand-in templates.
constexpr unsigned template_sample_one_in = 50;

/// A claim of a replay on an order: long enough for one exchange with its listening; shorter would invite a second
/// owner.
constexpr Duration lease_margin = 10s;

/// A charge that nobody was told of, at a party that recognises a repeat but cannot be searched, waits this long for
/// its client's retry before a person is asked: clients retry within minutes.
constexpr Duration intent_waits_for_retry = 15min;

/// First and longest wait between tries to deliver one order, doubled each time with jitter.
constexpr Duration replay_backoff_first = 1s;
constexpr Duration replay_backoff_max = 5min;
/// After this many tries that ended in neither yes nor no, an order waits for a person.
constexpr int replay_attempts_before_person = 20;

}  // namespace standin::limits
