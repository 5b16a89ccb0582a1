#pragma once

#include <cstddef>

#include "base/time.h"

/// The limits of a cache that the configuration does not set, with the reason for each value.
namespace standin::limits {

using namespace std::chrono_literals;

/// One answer has at most this part of a cache, and at most so many bytes: a film must not push the whole shop out.
constexpr std::size_t cached_answer_part = 8;
constexpr std::size_t cached_answer = 8 * 1024 * 1024;
/// What is being copied on its way into a cache has at most this part of its size; more passes by uncopied.
constexpr std::size_t cache_filling_part = 4;
/// Answers to one target that differ by what the request accepts. More are one for each visitor, and of use to nobody.
constexpr std::size_t cached_variants = 16;
/// Names that Vary lists. Real answers list two or three.
constexpr std::size_t varying_fields = 12;
/// What an answer costs beside the bytes that it consists of: its places in two containers, and their allocations.
constexpr std::size_t cached_answer_overhead = 768;
/// Of one cache, for as many threads to look things up in at once.
constexpr std::size_t cache_shards = 16;
/// So long after its upstream failed, what is kept is given without asking again: a thousand visitors need not each
/// wait for the same failure.
constexpr Duration cache_asks_again = 2s;
/// A body of more is lent to whoever sends it, piece by piece; less costs more to lend than to copy.
constexpr std::size_t cached_body_copied = 64 * 1024;
constexpr std::size_t cached_body_piece = 64 * 1024;

}  // namespace standin::limits
