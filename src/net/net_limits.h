#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

/// The limits of connections that neither a caller nor the configuration sets, with the reason for each value.
namespace standin::limits {

using namespace std::chrono_literals;

/// One read takes at most this: a usual request or answer whole, in one system call.
constexpr std::size_t receive_buffer = 16 * 1024;
/// A body of more is announced by nobody who means it: some program's counter overflows on its way.
constexpr std::uint64_t largest_body = std::uint64_t{1} << 40;
/// A chunk's size line with its extensions, or a chunked body's trailers. Longer ones only serve to exhaust us.
constexpr std::size_t chunk_line = 8 * 1024;
/// Of a request. Browsers, libraries and the proxies in front send less than half as many; HAProxy and Apache allow
/// about 100.
constexpr std::size_t header_fields = 128;

/// A body of at most this is awaited whole where bodies are passed on while they come: a usual request or answer then
/// costs one write, and one that breaks off is not begun to be told.
constexpr std::size_t whole_body = 64 * 1024;
/// Of one body that is passed on while it comes, so much is held, each way: a few dozen full segments in one call.
constexpr std::size_t stream_buffer = 64 * 1024;
/// Longest silence of both sides while a body is passed on, or a tunnel open: servers send a sign of life every 15 to
/// 60 seconds where an event may be long in coming.
constexpr Duration stream_idle = 5min;

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

/// A question to a name server is asked again after this, doubled each time, and so often: a lost packet must not cost
/// the whole time that a payment has for connecting.
constexpr Duration dns_try = 300ms;
constexpr int dns_tries = 4;
/// With the addresses of one family at hand, how long those of the other are waited for (RFC 8305, 3).
constexpr Duration dns_other_family = 50ms;
/// A name that could not be resolved is not asked for again sooner.
constexpr Duration dns_ask_again = 1s;
/// While a name cannot be resolved, its last addresses are used for so long after they expired: a party's addresses
/// outlive most outages of its name servers.
constexpr Duration dns_stale = 1h;
/// With such addresses at hand, how long a question is waited for.
constexpr Duration dns_stale_after = 200ms;

/// Of a name's addresses, so many are tried for one request: more would leave each less than a round trip.
constexpr std::size_t addresses_tried = 4;
/// One of several addresses has at least so long to connect and agree on TLS.
constexpr Duration address_connect_min = 300ms;

/// Most that is encrypted into one TLS record (RFC 8446, 5.1).
constexpr std::size_t tls_record = 16 * 1024;

/// The steps of a probe, 14 s in all: longer than any of them takes where nothing is wrong.
constexpr Duration probe_resolve = 4s;
constexpr Duration probe_connect = 3s;
constexpr Duration probe_handshake = 3s;
constexpr Duration probe_ping = 4s;
/// Of one name. Each is a connection at the same time.
constexpr std::size_t probe_addresses = 32;
/// Of a ping's answer: "UP:ca403", or the beginning of what came in its place.
constexpr std::size_t ping_shown = 60;

}  // namespace standin::limits
