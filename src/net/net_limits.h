#pragma once

#include <chrono>
#include <cstddef>

#include "base/time.h"

/// The limits of connections that neither a caller nor the configuration sets, with the reason for each value.
namespace standin::limits {

using namespace std::chrono_literals;

/// One read takes at most this: a usual request or answer whole, in one system call.
constexpr std::size_t receive_buffer = 16 * 1024;
/// A chunk's size line with its extensions, or a chunked body's trailers. Longer ones only serve to exhaust us.
constexpr std::size_t chunk_line = 8 * 1024;

/// An upstream's head and body. What a party answers to a payment is a few kilobytes.
constexpr std::size_t answer_head = 64 * 1024;
constexpr std::size_t answer_body = 16 * 1024 * 1024;

/// Idle connections kept to one endpoint by one event loop, and for how long: under the 75 s after which common servers
/// close theirs, so that it is mostly we who close.
constexpr std::size_t idle_connections = 64;
constexpr Duration idle_connection = 60s;
/// A connection that was idle for less than this is not probed again before it is used.
constexpr Duration freshly_idle = 10ms;

/// Our answer to a client that does not read it.
constexpr Duration answer_write = 60s;
/// After a last answer, how long and how much we still read: a connection closed over unread bytes is reset, and the
/// answer lost with it.
constexpr Duration linger = 2s;
constexpr std::size_t linger_bytes = 4 * 1024 * 1024;

/// How often we look whether a client that has half-closed acknowledged its answer: about a round trip.
constexpr Duration delivery_check = 20ms;

/// After accept(2) failed, for want of file descriptors mostly: trying again at once would only spin.
constexpr Duration accept_pause = 100ms;
/// Connections the kernel holds for us between two turns of the event loop.
constexpr int accept_backlog = 4096;

}  // namespace standin::limits
