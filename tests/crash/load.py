"""What every test here shares: a seed, so many rounds, and clients that go on until they are called off."""
import contextlib
import os
import random
import threading
import time
import unittest

ROUNDS = int(os.environ.get("STANDIN_ROUNDS", "10"))
CLIENTS = 6


def cannot(what: str, why: object) -> None:
    """Fails: a machine on which the fault cannot be made has proved nothing. STANDIN_MAY_SKIP=1 allows it."""
    text = f"{what} cannot be done here: {why}"
    if os.environ.get("STANDIN_MAY_SKIP") == "1":
        print(f"\nSKIPPED: {text}")
        raise unittest.SkipTest(text)
    raise AssertionError(f"{text}; it needs root, or STANDIN_MAY_SKIP=1 to go without")


class UnderLoad:
    """Of a scenario. It has `client(number)`, which works until `over` is set."""

    def setUp(self):
        super().setUp()
        seed = int(os.environ.get("STANDIN_SEED", random.SystemRandom().randrange(1 << 32)))
        print(f"\n{self.id()}: to repeat it: STANDIN_SEED={seed} STANDIN_ROUNDS={ROUNDS}")
        self.chance = random.Random(seed)
        self.lock = threading.Lock()
        self.over = threading.Event()

    def a_moment(self, least: float, most: float) -> None:
        """Chooses when: no pass depends on this wait."""
        time.sleep(self.chance.uniform(least, most))

    @contextlib.contextmanager
    def under_load(self, clients: int = CLIENTS):
        failures: list[Exception] = []

        def run(number: int) -> None:
            try:
                self.client(number)
            except Exception as error:  # told when the load ends
                failures.append(error)

        self.over.clear()
        threads = [threading.Thread(target=run, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in threads:
                thread.join()
        if failures:
            raise failures[0]

    def kill_standin_under_load(self, least: float, most: float) -> None:
        with self.under_load():
            self.a_moment(least, most)
            self.over.set()
            self.standin.kill()

    def kill_standin_while_it_starts(self, most: float) -> None:
        self.standin.spawn("serve", "-c", self.standin.file)
        self.a_moment(0, most)
        self.standin.kill()
