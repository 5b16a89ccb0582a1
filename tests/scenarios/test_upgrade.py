"""A new program takes over, systemd holds the sockets, an old program meets a new journal, and three deaths in a minute."""
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading

from gateways import TillScenario, fields_of, sale_body
from harness import BINARY, PATIENCE, Scenario, ask, end_with_parent, eventually, order_body, order_headers
from test_streaming import Origin, Wire


def bound(test) -> socket.socket:
    """A port that nobody else is given, and standin may bind as well."""
    made = socket.socket()
    test.addCleanup(made.close)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(("127.0.0.1", 0))
    return made


def listening(test) -> socket.socket:
    made = bound(test)
    made.listen(512)
    return made


class Upgrade(Scenario):
    """`self.standin` is the first process; the ones that take over from it are known by what they log."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.end_successors)
        # The next process listens where this one does, by the configuration.
        edge, console = (bound(self).getsockname()[1] for _ in range(2))
        self.configuration.change("server", listen=f'["127.0.0.1:{edge}"]')
        self.configuration.change("console", listen=f'"127.0.0.1:{console}"')

    def successors(self) -> list[int]:
        return [int(re.search(r"process (\d+) serves", told)[1]) for told in self.standin.logged("handed_over")]

    def end_successors(self):
        """Runs before the harness looks at the others: these are no children of this test."""
        for process in self.successors():
            try:
                os.kill(process, signal.SIGTERM)
            except ProcessLookupError:
                continue
            eventually(lambda: not os.path.exists(f"/proc/{process}"), "the successor has drained")

    def hand_over(self) -> int:
        before = len(self.successors())
        self.standin.send(signal.SIGUSR2)
        eventually(lambda: len(self.successors()) > before, "another process serves")
        return self.successors()[-1]


class HandOver(Upgrade):
    def test_under_load_no_request_fails_and_each_is_done_once(self):
        self.shop.start().faults(delay_before_ms=5)
        self.standin.start()
        over = threading.Event()
        answered, failures = [], []

        def client(number: int):
            turn = 0
            while not over.is_set():
                key = f"c{number}-{turn}"
                turn += 1
                try:
                    answer = ask(self.standin.port, "POST", "/orders", order_body(cart_id=key), order_headers(key))
                    mine = answer.status == 201 and answer.json()["order"]["id"].startswith("ord_")
                    (answered if mine else failures).append(key if mine else repr(answer))
                except OSError as error:
                    failures.append(repr(error))

        clients = [threading.Thread(target=client, args=(number,)) for number in range(8)]
        for thread in clients:
            thread.start()
        eventually(lambda: len(answered) > 50, "the load is under way")
        self.hand_over()
        self.assertEqual(self.standin.wait(), 0)
        count = len(answered)
        eventually(lambda: len(answered) > count + 50, "the load goes on")
        over.set()
        for thread in clients:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(sorted(self.shop.standing_charges()), sorted(answered))

    def test_a_promise_is_kept_and_remembered_by_the_next_process(self):
        self.standin.start()
        first = self.standin.order("k1")
        self.assertTrue(first.json()["order"]["id"].startswith("gateway-down-"))
        self.hand_over()
        self.assertEqual(self.standin.wait(), 0)
        self.assertEqual(self.standin.order("k1"), first)
        self.shop.start()
        self.standin.replay()
        self.standin.wait_for_states({"settled": 1})
        self.assertEqual(self.shop.standing_charges(), ["cart"])

    def test_a_late_answer_that_nobody_listens_to_any_more_is_found(self):
        self.shop.start().faults(delay_after_ms=5500)
        self.standin.start()
        self.assertTrue(self.standin.order("k1").json()["order"]["id"].startswith("gateway-down-"))
        self.hand_over()
        eventually(self.shop.standing_charges, "the shop has done it after all")
        self.shop.faults()
        self.standin.replay()
        self.standin.wait_for_states({"matched": 1})
        self.assertEqual(self.shop.standing_charges(), ["cart"])

    def test_what_is_in_flight_is_answered_by_the_old_process(self):
        self.shop.start().faults(delay_after_ms=700)
        self.standin.start()
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.standin.order("k1")))
        thread.start()
        eventually(lambda: self.standin.metric("standin_target_in_flight"), "the forward is under way")
        self.hand_over()
        thread.join()
        self.assertTrue(answers[0].json()["order"]["id"].startswith("ord_"))
        self.assertEqual(self.standin.order("k2", cart_id="second").status, 201)
        self.assertEqual(self.shop.standing_charges(), ["cart", "second"])

    def test_a_long_stream_goes_on_and_holds_nobody_up(self):
        go_on = threading.Event()

        def serve(wire: Wire) -> None:
            wire.until(b"\r\n\r\n")
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nfirst" + bytes(100_000))
            go_on.wait(PATIENCE)
            wire.send(bytes(899_990) + b" last")

        origin = Origin(serve)
        self.addCleanup(origin.close)
        self.configuration.change("upstream.pages", targets=f'["http://127.0.0.1:{origin.port}"]')
        self.configuration.change("route.rest", upstream='"pages"')
        self.shop.start()
        self.standin.start()
        with self.standin.connect() as connection:
            stream = Wire(connection)
            stream.send(b"GET /events HTTP/1.1\r\nHost: shop\r\n\r\n")
            stream.until(b"first")
            self.hand_over()
            self.assertEqual(self.standin.order("k1").status, 201)
            self.assertTrue(self.standin.alive())
            go_on.set()
            self.assertEqual(len(stream.until(b" last")), 1_000_000 - len(b"first"))
        self.assertEqual(self.standin.wait(), 0)
        self.assertEqual(origin.failures, [])

    def test_twice_in_a_row(self):
        self.shop.start()
        self.standin.start()
        second = self.hand_over()
        os.kill(second, signal.SIGUSR2)
        eventually(lambda: len(self.successors()) == 2, "a third process serves")
        eventually(lambda: not os.path.exists(f"/proc/{second}"), "the second has ended")
        self.assertEqual(self.standin.order("k1").status, 201)

    def test_the_program_that_is_in_our_place_is_run_and_an_older_one_declines(self):
        program = os.path.join(self.folder, "standin")
        os.symlink(os.path.abspath(BINARY), program)
        self.shop.start()
        self.standin.program = program
        self.standin.start()
        os.remove(program)
        with open(program, "w") as file:
            file.write(f'#!/bin/sh\nSTANDIN_PREDECESSOR_JOURNAL=999 exec {os.path.abspath(BINARY)} "$@"\n')
        os.chmod(program, 0o700)
        self.standin.send(signal.SIGUSR2)
        eventually(lambda: self.standin.logged("not_handed_over"), "it says so")
        self.assertIn("the journal is of version 999", self.standin.errors())
        self.assertEqual(self.standin.order("k1").status, 201)
        self.assertTrue(self.standin.alive())

    def test_a_new_process_that_cannot_begin_changes_nothing(self):
        self.shop.start()
        self.standin.start()
        with open(self.standin.file, "a") as file:
            file.write("\n[nonsense]\n")
        self.standin.send(signal.SIGUSR2)
        self.assertIn("ended before it said 'ready'", self.standin.will_log("not_handed_over")[0])
        self.assertEqual(self.standin.order("k1").status, 201)
        self.assertEqual(self.successors(), [])


class HandOverCutShort(Upgrade):
    def begin_handing_over(self) -> int:
        """The process that is to take over, which the harness does not know."""
        self.standin.send(signal.SIGUSR2)
        of = f"/proc/{self.standin.process.pid}/task/{self.standin.process.pid}/children"

        def children() -> list[str]:
            with open(of) as file:
                return file.read().split()

        eventually(children, "another process is started")
        successor = int(children()[0])
        self.addCleanup(self.end, successor)
        return successor

    def end(self, process: int) -> None:
        if not os.path.exists(f"/proc/{process}"):
            return
        os.kill(process, signal.SIGTERM)
        eventually(lambda: not os.path.exists(f"/proc/{process}"), "the successor has drained")

    def is_remembered(self, key: str, answer) -> bool:
        try:
            return self.standin.order(key) == answer
        except OSError:
            return False

    def test_who_is_killed_meanwhile_is_taken_over_from_all_the_same(self):
        patience = f'"{PATIENCE:.0f}s"'
        self.configuration.change("route.orders", deadline=patience)
        self.configuration.change("upstream.shop", timeouts=f"{{ response = {patience}, listen_late = {patience} }}")
        self.standin.start()
        first = self.standin.order("k1")
        self.assertTrue(first.json()["order"]["id"].startswith("gateway-down-"))
        self.shop.start().faults(answer="hang", at="after")
        failures = []

        def client() -> None:
            try:
                self.standin.order("k2", cart_id="second")
            except OSError as error:
                failures.append(error)

        thread = threading.Thread(target=client)
        thread.start()
        eventually(self.shop.standing_charges, "the shop has it, standin not its answer: the journal is not let go of")
        self.begin_handing_over()
        self.standin.kill()
        thread.join()
        self.assertEqual(len(failures), 1)
        self.shop.faults()
        eventually(lambda: self.is_remembered("k1", first), "the next process has the journal")
        self.assertEqual(self.standin.order("k2", cart_id="second").status, 409)
        self.standin.replay()
        self.standin.wait_for_states({"settled": 1})
        self.assertEqual(sorted(self.shop.standing_charges()), ["cart", "second"])

    def test_the_next_process_killed_before_it_serves_takes_no_promise_with_it(self):
        self.standin.start()
        first = self.standin.order("k1")
        os.kill(self.begin_handing_over(), signal.SIGKILL)
        eventually(
            lambda: self.standin.logged("not_handed_over") or self.standin.logged("handed_over_to_nobody"), "it says so"
        )
        if self.standin.logged("handed_over_to_nobody"):
            self.assertEqual(self.standin.wait(), 1)
            self.standin.start()
        self.assertEqual(self.standin.order("k1"), first)


# exec keeps the process's number, which LISTEN_PID is to name and nobody knows before.
ACTIVATE = """
import fcntl, os, sys
count = next(i for i, word in enumerate(sys.argv[1:]) if not word.isdigit())
above = [fcntl.fcntl(int(number), fcntl.F_DUPFD_CLOEXEC, 100) for number in sys.argv[1 : 1 + count]]
for place, number in enumerate(above):
    os.dup2(number, 3 + place, inheritable=True)
os.environ.update(LISTEN_FDS=str(count), LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[1 + count], sys.argv[1 + count :])
"""


class SocketActivation(Scenario):
    def setUp(self):
        super().setUp()
        where = os.path.join(self.folder, "notify")
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.manager.close)
        self.manager.bind(where)
        self.manager.settimeout(PATIENCE)
        os.environ["NOTIFY_SOCKET"] = where
        self.addCleanup(os.environ.pop, "NOTIFY_SOCKET")

    def spawn_with(self, *sockets: socket.socket) -> None:
        """As systemd does: the sockets from descriptor 3 on, and a word on whose they are."""
        self.standin.prepare()
        numbers = [one.fileno() for one in sockets]
        with open(self.standin.out, "ab") as out, open(self.standin.err, "ab") as err:
            self.standin.began, self.standin.began_out = err.tell(), out.tell()
            self.standin.process = subprocess.Popen(
                [sys.executable, "-c", ACTIVATE, *map(str, numbers), BINARY, "serve", "-c", self.standin.file],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                pass_fds=numbers,
                preexec_fn=end_with_parent,
            )

    def test_it_serves_on_the_sockets_that_it_is_given_and_says_when(self):
        self.shop.start()
        edge, console = listening(self), listening(self)
        self.standin.port, self.standin.console_port = edge.getsockname()[1], console.getsockname()[1]
        self.configuration.change("server", listen=f'["127.0.0.1:{self.standin.port}"]')
        self.configuration.change("console", listen=f'"127.0.0.1:{self.standin.console_port}"')
        self.spawn_with(console, edge)
        self.assertEqual(self.manager.recv(1000), b"READY=1")
        self.assertEqual(self.standin.order("k1").status, 201)
        self.assertEqual(ask(self.standin.console_port, "GET", "/readyz").status, 200)
        self.standin.send(signal.SIGHUP)
        self.assertRegex(self.manager.recv(1000).decode(), r"^RELOADING=1\nMONOTONIC_USEC=\d+$")
        self.assertEqual(self.manager.recv(1000), b"READY=1")
        self.standin.send(signal.SIGTERM)
        self.assertEqual(self.manager.recv(1000), b"STOPPING=1")
        self.assertEqual(self.standin.wait(), 0)
        # Who connects meanwhile waits for the next process, since the sockets stay open.
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.standin.order("k2")))
        thread.start()
        self.spawn_with(console, edge)
        thread.join()
        self.assertEqual(answers[0].status, 201)
        self.assertEqual(self.standin.logged("socket_not_used"), [])

    def test_a_socket_that_nothing_listens_on_is_told_of(self):
        self.shop.start()
        other = listening(self)
        self.spawn_with(other)
        self.assertEqual(self.manager.recv(1000), b"READY=1")
        self.assertIn(f"127.0.0.1:{other.getsockname()[1]}", self.standin.logged("socket_not_used")[0])


class OldProgram(Scenario):
    def test_it_refuses_a_journal_that_a_newer_one_has_written(self):
        self.standin.start()
        self.standin.order("k1")
        self.standin.send(signal.SIGTERM)
        self.standin.wait()
        journal = sqlite3.connect(self.standin.journal)
        version = journal.execute("PRAGMA user_version").fetchone()[0]
        journal.execute(f"PRAGMA user_version = {version + 1}")
        journal.commit()
        journal.close()
        self.standin.spawn("serve", "-c", self.standin.file)
        self.assertEqual(self.standin.wait(), 1)
        self.assertIn("was written by a newer standin", self.standin.errors())
        self.assertIn(f"journal version {version + 1}, this one knows {version}", self.standin.errors())
        said = subprocess.run([BINARY, "--version"], capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
        self.assertRegex(said, rf"^standin \d+\.\d+\.\d+, journal version {version}\n$")


class ThreeDeaths(Upgrade):
    def die(self, times: int, number=signal.SIGABRT):
        for _ in range(times):
            self.standin.start(forget_deaths=False)
            self.standin.send(number)
            self.standin.process.wait()

    def test_then_it_only_forwards(self):
        self.shop.start()
        self.standin.start()
        self.standin.kill()
        self.die(2)
        self.standin.start(forget_deaths=False)
        self.assertEqual(len(self.standin.logged("pass_through")), 1)
        self.assertTrue(self.standin.order("k1").json()["order"]["id"].startswith("ord_"))
        ready = ask(self.standin.console_port, "GET", "/readyz")
        self.assertEqual(ready.status, 200)
        self.assertIn(b"not promising: pass-through", ready.body)
        self.assertEqual(self.standin.metric("standin_pass_through"), 1)
        self.assertEqual(self.standin.metric("standin_journal_promising"), 0)
        self.assertIn("pass-through", self.standin.verb("mode").stdout)
        for arguments in (["replay"], ["replay", "--all"]):
            asked = self.standin.verb(*arguments)
            self.assertEqual(asked.returncode, 1)
            self.assertIn("pass-through", asked.stderr)
        self.shop.kill()
        self.assertEqual(self.standin.order("k2").status, 502)
        self.assertEqual(self.shop.standing_charges(), ["cart"])
        # A restart that is asked for begins anew, and so does a hand-over.
        self.hand_over()
        self.assertTrue(self.standin.order("k3").json()["order"]["id"].startswith("gateway-down-"))
        self.assertEqual(self.standin.metric("standin_pass_through"), 0)

    def test_two_deaths_or_a_stop_in_between_do_not(self):
        self.die(2)
        self.standin.start(forget_deaths=False)
        self.assertEqual(self.standin.logged("pass_through"), [])
        self.standin.send(signal.SIGTERM)
        self.assertEqual(self.standin.wait(), 0)
        self.die(1, signal.SIGKILL)
        self.standin.start(forget_deaths=False)
        self.assertEqual(self.standin.logged("pass_through"), [])

    def test_a_start_that_fails_for_a_reason_it_tells_is_no_death(self):
        self.die(2)
        port = self.configuration.sections["server"]["listen"]
        self.configuration.change("server", listen='["192.0.2.1:80"]')
        self.standin.prepare()
        for _ in range(3):
            self.standin.spawn("serve", "-c", self.standin.file)
            self.assertEqual(self.standin.wait(), 1)
        self.configuration.change("server", listen=port)
        self.standin.start(forget_deaths=False)
        self.assertEqual(self.standin.logged("pass_through"), [])


class ThreeDeathsAtATill(TillScenario):
    def test_what_is_written_before_it_is_sent_is_not_sent(self):
        """The party folds repeats for ten minutes, and does not honour keys: without the record a retry could charge again."""
        self.standin.start()
        self.standin.kill()
        for _ in range(2):
            self.standin.start(forget_deaths=False).kill()
        self.standin.start(forget_deaths=False)
        self.assertEqual(len(self.standin.logged("pass_through")), 1)
        answer = ask(self.standin.port, "POST", "/gate", sale_body("17"), {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual(fields_of(answer)["UMresult"], "E")
        self.assertEqual(self.gateway.standing(), 0)
