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
/// Of such buffers a thread keeps so many for its next reads, 1 MiB: more requests are seldom under way at once.
constexpr std::size_t spare_buffers = 64;
/// A body of more is announced by nobody who means it: some program's counter overflows on its way.
constexpr std::uint64_t largest_body = std::uint64_t{1} << 40;
/// A chunk's size line with its extensions, or a chunked body's trailers. Longer ones only serve to exhaust us.
constexpr std::size_t chunk_line = 8 * 1024;
/// A standin before another is usual, one for the shop and one for its gateways; so many are a loop.
constexpr std::size_t times_passed_on = 8;
/// Proxies that a request is said to have passed, and parameters of one of them: RFC 7239 has four.
constexpr std::size_t forwarded_hops = 32;
constexpr std::size_t forwarded_parameters = 8;
/// A header of the PROXY protocol's second version: addresses, and what a balancer adds about TLS.
constexpr std::size_t proxy_header = 4 * 1024;

/// Of a request. Browsers, libraries and the proxies in front send less than half as many; HAProxy and Apache allow
/// about 100.
constexpr std::size_t header_fields = 128;

/// A body of at most this is awaited whole where bodies are passed on while they come: a usual request or answer then
/// costs one write, and one that breaks off is not begun to be told.
constexpr std::size_t whole_body = 64 * 1024;
/// Of one body that is passed on while it comes, so much is held, each way: a few dozen full segments in one call.
constexpr std::size_t stream_buffer = 64 * 1024;
/// Of a body that comes as fast as it is taken, so much is passed on before others have their turn.
constexpr std::size_t stream_turn = 4 * stream_buffer;
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

/// Requests of one HTTP/2 connection at a time: the least that RFC 9113, 6.5.2 recommends, and more than browsers use.
/// Those that were cancelled and are still being handled count.
constexpr std::uint32_t http2_streams = 100;
/// Requests of one connection in all; then it is ended gently: what little a library may leak ends with it, and after a
/// deployment clients spread again.
constexpr std::uint32_t http2_streams_in_all = 100'000;
/// Bytes of bodies that one connection may send before somebody wants them: eight that are awaited whole.
constexpr std::int32_t http2_window = 8 * whole_body;
/// Of answers, what is gathered for one write: two full frames. Between two of them is read what the client sent.
constexpr std::size_t http2_write = 32 * 1024;
/// A head of more than so many times the limit is not even read to be refused: a few bytes can stand for megabytes.
constexpr std::size_t http2_head_parts = 4;
/// Requests that a client may cancel before they are answered, or send above http2_streams, more than it lets be
/// answered: a page that is left cancels all of its own at once; who goes on only makes work (CVE-2023-44487).
constexpr std::size_t http2_resets = 2 * http2_streams;
/// Frames in a row that bring no byte of a body, and after which no answer went out: pings, settings, priorities and
/// the like. With a ping every 10 s, a long poll may last for hours.
constexpr std::size_t http2_idle_frames = 2000;
/// Told that the connection ends, a client that does not say that it has heard may begin requests for so long.
constexpr Duration http2_goodbye = 1s;
/// After a last answer, how long and how much we still read: a connection closed over unread bytes is reset, and the
/// answer lost with it. While we drain, who has connected has as long to begin a first request.
constexpr Duration linger = 2s;
constexpr std::size_t linger_bytes = 4 * 1024 * 1024;

/// How often we look whether a client that has half-closed acknowledged its answer: about a round trip.
constexpr Duration delivery_check = 20ms;

/// After accept(2) failed, for want of file descriptors mostly: trying again at once would only spin.
constexpr Duration accept_pause = 100ms;
/// Requests that are begun in one turn of the loop, and of them kept for connections that ask without a break; who has
/// not asked for so long is not one of those.
constexpr std::size_t begun_a_turn = 8;
constexpr std::size_t begun_busy = 2;
constexpr Duration rest = 20ms;
/// Connections accepted before those that are open have their turn again: a burst of new ones waits, and not everybody.
constexpr std::size_t accepted_a_turn = 4;
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
/// What a record is longer than what it holds: its head, and the cipher's.
constexpr std::size_t tls_overhead = 64;
/// So much of a message is encrypted at once, and leaves in one system call.
constexpr std::size_t tls_write = 4 * tls_record;
/// From a client's first byte to the end of the handshake: two round trips of the worst network, many times over.
constexpr Duration tls_handshake = 10s;
/// A key that seals tickets for resuming sessions is replaced after this, and good for as long again: who steals it
/// can read no more than the sessions of a day.
constexpr Duration tls_ticket_key = 12h;

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
