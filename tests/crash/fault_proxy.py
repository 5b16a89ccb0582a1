"""A proxy that ends, stalls or slows connections at the byte it is told to."""
import asyncio
import dataclasses
import socket
import struct
import threading
import typing

REQUEST, ANSWER = "request", "answer"
RESET, STALL, CLOSE, DELAY = "reset", "stall", "close", "delay"
# Longer than standin waits for an answer.
DELAY_SECONDS = 1.2


def _body_at(message: bytes) -> int:
    return message.index(b"\r\n\r\n") + 4


# How much of a message is passed on, by name; a message comes here in one piece, as it is written in one.
PLACES = {
    "before": lambda message: 0,
    "after one byte": lambda message: 1,
    "inside the head": lambda message: _body_at(message) // 2,
    "after the head": _body_at,
    "inside the body": lambda message: (_body_at(message) + len(message)) // 2,
    "before the last byte": lambda message: len(message) - 1,
    "after": len,
}


@dataclasses.dataclass(frozen=True)
class Cut:
    """What a message's connection comes to at that place: both ends hear a reset, or an ordinary close, or nothing ever again
    (as when every packet is lost), or the rest comes late."""

    direction: str
    place: str
    how: str


EVERY_CUT = [Cut(direction, place, how) for direction in (REQUEST, ANSWER) for place in PLACES for how in (RESET, STALL, CLOSE, DELAY)]


class FaultProxy:
    """Between clients and one port. It runs on a thread of its own; `choose` is asked there what is to happen to each
    message: a request or its answer begins with the first byte after one that went the other way."""

    def __init__(self, target: tuple[str, int]):
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task] = set()
        self.made: list[Cut] = []
        self.choose: typing.Callable[[str], Cut | None] = lambda direction: None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, sock=self._listener)

    async def _end(self) -> None:
        """What is connected ends as it does when a machine goes away: each task reads to an end of its own."""
        self._server.close()
        while running := {task for task in self._tasks if not task.done()}:
            for writer in self._writers:
                writer.transport.abort()
            await asyncio.wait(running, timeout=0.1)

    async def _serve(self, client_reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        self._writers.add(client)
        try:
            party_reader, party = await asyncio.open_connection(*self._target)
        except OSError:
            _reset(client)
            return
        self._writers.add(party)
        link = _Link(self, client, party)
        try:
            await asyncio.gather(link.pass_on(client_reader, party, REQUEST), link.pass_on(party_reader, client, ANSWER))
        finally:
            for end in (client, party):
                end.close()
                self._writers.discard(end)


class _Link:
    """One connection and its continuation."""

    def __init__(self, proxy: FaultProxy, client: asyncio.StreamWriter, party: asyncio.StreamWriter):
        self._proxy, self._ends = proxy, (client, party)
        self._direction = ""
        self._over = False

    async def pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, direction: str) -> None:
        try:
            while data := await source.read(65536):
                if not self._over:
                    await self._pass_on(data, target, direction)
            if not self._over:
                target.write_eof()
        except OSError:
            self._end(RESET)

    async def _pass_on(self, data: bytes, target: asyncio.StreamWriter, direction: str) -> None:
        cut = None
        if direction != self._direction:
            self._direction = direction
            cut = self._proxy.choose(direction)
        passed = PLACES[cut.place](data) if cut else len(data)
        target.write(data[:passed])
        await target.drain()
        if not cut:
            return
        if cut.how == DELAY:
            await asyncio.sleep(DELAY_SECONDS)
            target.write(data[passed:])
        else:
            self._end(cut.how)
        self._proxy.made.append(cut)

    def _end(self, how: str) -> None:
        if self._over:
            return
        self._over = True
        if how == STALL:
            return
        for end in self._ends:
            _reset(end) if how == RESET else end.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    if writer.transport.is_closing():
        return  # it has ended by itself
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
