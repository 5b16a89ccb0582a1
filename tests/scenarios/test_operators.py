"""What support does during and after an outage, with the verbs as a person runs them against the live process."""
import json
import os
import subprocess

from harness import BINARY, PATIENCE, Scenario, at_once, eventually


class Operators(Scenario):
    def run_verb(self, *arguments: str, environment: dict | None = None) -> subprocess.CompletedProcess:
        """Without the socket that `Standin.verb` names."""
        return subprocess.run(
            [BINARY, *arguments], capture_output=True, text=True, timeout=PATIENCE, env=os.environ | (environment or {})
        )

    def succeed(self, *arguments: str) -> str:
        done = self.standin.verb(*arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        return done.stdout

    def test_orders_are_listed_filtered_shown_and_exported(self):
        self.standin.start()
        self.assertIn("No orders match.", self.succeed("orders"))
        self.standin.order("k1", customer_id="anna")
        self.standin.order("k2", 9900, customer_id="bert")
        listed = self.succeed("orders", "list")
        for word in ("accepted", "declined", "anna", "bert", "10.00 USD", "99.00 USD", "refused"):
            self.assertIn(word, listed)
        of_anna = json.loads(self.succeed("orders", "list", "--customer", "anna", "--json"))["orders"]
        self.assertEqual([order["customer"] for order in of_anna], ["anna"])
        declined = json.loads(self.succeed("orders", "list", "--state", "declined", "--since", "1h", "--json"))["orders"]
        self.assertEqual([order["customer"] for order in declined], ["bert"])
        shown = self.succeed("orders", "show", declined[0]["id"])
        for word in ("floor_limit: decline: 99.00 USD is over the floor limit of 25.00 USD", "what happened", "declined"):
            self.assertIn(word, shown)
        whole = json.loads(self.succeed("orders", "show", of_anna[0]["id"], "--json"))
        self.assertEqual([step["to"] for step in whole["transitions"]], ["accepted"])
        exported = [json.loads(line) for line in self.succeed("orders", "export").splitlines()]
        self.assertEqual({order["customer"] for order in exported}, {"anna", "bert"})

    def test_what_is_asked_wrongly_or_in_vain_is_said_with_what_to_do(self):
        self.standin.start()
        for arguments, status, words in (
            (("orders", "show", "nonsense"), 2, "ULID"),
            (("orders", "show", "01JDA7X1V5Q3T9B2C4D6E8F0GH"), 1, "No order has that id"),
            (("orders", "--state", "lost"), 2, "accepted"),
            (("orders", "--limit", "0"), 2, "limit"),
            (("orders", "--since", "yesterday"), 2, "since"),
            (("replay", "--route", "ordrs"), 1, "did you mean 'orders'"),
            (("replay", "--order", "01JDA7X1V5Q3T9B2C4D6E8F0GH"), 1, "order"),
            (("replay", "--all", "--route", "orders"), 2, "Only one of"),
            (("replay", "--pause", "--rate", "3"), 2, "--pause"),
            (("replay", "--all", "--rate", "-1"), 2, "above 0"),
            (("replay", "--all", "--rate", "0"), 2, "above 0"),
            (("replay", "--all", "--rate", "nan"), 2, "above 0"),
            (("orders", "--route", "ordrs"), 1, "did you mean 'orders'"),
            (("orders", "export", "--route", "nosuch"), 1, "no protected route of that name"),
            (("orders", "--route", "orders"), 0, "No orders match."),
            (("followups", "take", "7"), 1, ""),
            (("followups", "close", "7"), 2, "--as"),
            (("nonsense",), 2, "'nonsense' is not a verb of standin"),
            (("ordesr",), 2, "did you mean 'orders'"),
        ):
            with self.subTest(arguments):
                done = self.standin.verb(*arguments)
                self.assertEqual(done.returncode, status, done)
                self.assertIn(words, done.stderr + done.stdout)
                self.assertNotEqual(done.stderr + done.stdout, "")

    def test_a_reason_longer_than_standin_takes_is_not_sent(self):
        self.standin.start()
        done = self.standin.verb("mode", "forced", "--why", "x" * 100_000)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"^standin: That is 100\d+ bytes to send, and standin takes at most 65536: nothing was sent")
        # What is not too long for the verb is not too long for the process.
        self.assertEqual(self.standin.verb("mode", "forced", "--why", "x" * 65_000).returncode, 0)

    def test_an_attempt_is_under_way_only_while_its_answer_is_waited_for(self):
        self.shop.start().faults(answer="status", status=500)
        self.standin.start()
        self.standin.order("k1")
        heard = self.standin.only_order()["id"]
        self.assertRegex(self.succeed("orders", "show", heard), r"live +http\S+ +unknown")
        self.shop.faults(delay_before_ms=60_000)
        self.standin.order("k2", cart_id="second")
        waited_for = self.standin.orders()[0]["id"]
        self.assertRegex(self.succeed("orders", "show", waited_for), r"live +http\S+ +under way")
        self.shop.faults()
        self.standin.replay()
        self.standin.wait_for_states({"settled": 2})
        self.assertNotIn("under way", self.succeed("orders", "show", heard))

    def test_an_order_that_has_ended_is_not_replayed(self):
        self.standin.start()
        self.standin.order("k1")
        order = self.standin.only_order()["id"]
        self.shop.start()
        self.standin.replay()
        self.standin.wait_for_states({"settled": 1})
        again = self.standin.verb("replay", "--order", order)
        self.assertEqual((again.returncode, again.stdout), (1, ""), again)
        self.assertIn(f"Order {order} is settled: nothing of it is to be delivered", again.stderr)

    def test_a_load_says_which_errors_there_were(self):
        def load(*arguments: str) -> subprocess.CompletedProcess:
            return self.run_verb("load", *arguments, "--rate", "20", "--for", "500ms")

        refused = load(f"http://127.0.0.1:{self.shop.port}/orders")
        self.assertEqual(refused.returncode, 0, refused)
        self.assertRegex(refused.stdout, r"errors: .*Connection refused: 10\n")
        self.shop.start().faults(answer="status", status=502)
        failed = load(f"http://127.0.0.1:{self.shop.port}/orders")
        self.assertIn("errors: status 502: 10\n", failed.stdout)
        self.shop.faults(delay_before_ms=5_000)
        self.assertIn("errors: timed out: 10\n", load(f"http://127.0.0.1:{self.shop.port}/orders", "--timeout", "300ms").stdout)
        self.assertEqual(load("htp:/shop").returncode, 2)

    def test_the_process_is_found_by_socket_environment_or_configuration(self):
        self.standin.start()
        self.assertEqual(self.run_verb("orders", "--socket", self.standin.socket).returncode, 0)
        self.assertEqual(self.run_verb("orders", environment={"STANDIN_SOCKET": self.standin.socket}).returncode, 0)
        self.assertEqual(self.run_verb("orders", "-c", self.standin.file).returncode, 0)

    def test_a_process_that_is_not_there_is_said_to_be_not_there(self):
        done = self.run_verb("orders", "--socket", self.folder + "/nobody.sock")
        self.assertEqual(done.returncode, 1)
        self.assertIn(self.folder + "/nobody.sock", done.stderr)
        self.assertIn("Is `standin serve` running", done.stderr)
        self.standin.start()
        self.standin.kill()
        self.assertEqual(self.standin.verb("mode").returncode, 1)
        self.assertEqual(self.run_verb("orders", "-c", self.folder + "/nothing.toml").returncode, 2)

    def test_only_the_services_own_user_may_open_the_socket(self):
        self.standin.start()
        self.assertEqual(os.stat(self.standin.socket).st_mode & 0o777, 0o600)
        for name in ("journal.db", "journal.keys"):
            self.assertEqual(os.stat(os.path.join(self.folder, name)).st_mode & 0o077, 0, name)

    def test_upstreams_show_what_happened_to_each_target(self):
        self.shop.start()
        self.standin.start()
        self.standin.order("k1")
        self.shop.kill()
        self.standin.order("k2")
        target = json.loads(self.succeed("upstreams", "--json"))["targets"][0]
        self.assertEqual((target["upstream"], target["breaker"], target["good"]), ("shop", "closed", 1))
        self.assertIn(str(self.shop.port), self.succeed("upstreams"))

    def test_a_replay_is_started_and_watched_to_its_end(self):
        self.standin.start()
        for number in range(5):
            self.standin.order(f"k{number}", cart_id=f"cart-{number}")
        self.assertIn("waiting 5", self.succeed("replay"))
        self.shop.start()
        watching = subprocess.Popen(
            [BINARY, "replay", "--all", "--rate", "50", "--watch", "--socket", self.standin.socket],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.standin.wait_for_states({"settled": 5})
        self.succeed("replay", "--stop")
        out, err = watching.communicate(timeout=PATIENCE)
        self.assertEqual((watching.returncode, err), (0, ""))
        self.assertIn("settled 5", out)
        self.assertEqual(len(self.shop.standing_charges()), 5)

    def test_a_replay_ends_by_itself_and_the_next_outage_waits_for_a_person_again(self):
        self.standin.start()
        self.standin.order("k1", cart_id="first")
        self.shop.start()
        self.assertIn("settled 1", self.succeed("replay", "--all", "--watch"))
        self.shop.kill()
        self.standin.order("k2", cart_id="second")
        self.shop.start()
        self.assertIn("stopped", self.succeed("replay"))
        self.assertEqual(self.shop.standing_charges(), ["first"])
        self.assertEqual(self.standin.states(), {"accepted": 1, "settled": 1})

    def test_one_order_is_replayed_alone(self):
        self.standin.start()
        self.standin.order("k1", cart_id="first")
        self.standin.order("k2", cart_id="second")
        self.shop.start()
        newest = self.standin.orders()[0]
        self.succeed("replay", "--order", newest["id"])
        self.standin.wait_for_states({"accepted": 1, "settled": 1})
        self.assertEqual(self.shop.standing_charges(), ["second"])

    def test_a_paused_replay_delivers_nothing_until_resumed_and_its_watcher_is_told(self):
        self.standin.start()
        self.standin.order("k1")
        self.succeed("replay", "--pause")
        self.shop.start()
        self.succeed("replay", "--all")
        watched = self.standin.verb("replay", "--watch")
        self.assertEqual(watched.returncode, 1)
        self.assertIn("--resume", watched.stderr)
        self.assertEqual(self.standin.states(), {"accepted": 1})
        self.succeed("replay", "--resume")
        self.standin.wait_for_states({"settled": 1})

    def test_ten_replays_at_once_deliver_each_order_once(self):
        self.standin.start()
        for number in range(60):
            self.standin.order(f"k{number}", cart_id=f"cart-{number}", customer_id=f"c{number % 7}")
        # A shop that would take a second delivery for a second order.
        self.shop.start().faults(no_unique_index=True, delay_before_ms=20)
        done = at_once(10, lambda number: self.standin.verb("replay", "--all"))
        self.assertEqual([one.returncode for one in done], [0] * 10)
        self.standin.wait_for_states({"settled": 60})
        self.assertEqual(sorted(self.shop.standing_charges()), sorted(f"cart-{number}" for number in range(60)))
        self.assertEqual(len(self.shop.orders()), 60)
        self.assertEqual(self.standin.exposure(), 0)

    def test_the_oldest_order_of_a_customer_goes_first(self):
        self.standin.start()
        for number in range(6):
            self.standin.order(f"k{number}", cart_id=f"cart-{number}")
        self.shop.start()
        self.standin.replay()
        self.standin.wait_for_states({"settled": 6})
        self.assertEqual(self.shop.standing_charges(), [f"cart-{number}" for number in range(6)])

    def test_a_follow_up_is_taken_noted_and_closed(self):
        self.standin.start()
        self.standin.order("k1", card={"token": "declined"})
        self.shop.start()
        self.standin.replay()
        self.standin.wait_for_states({"refused": 1})
        case = json.loads(self.succeed("followups", "--json"))["follow_ups"][0]
        number = str(case["id"])
        self.assertEqual((case["state"], case["order"]), ("open", self.standin.only_order()["id"]))
        self.assertEqual(self.standin.metric("standin_follow_ups_open"), 1)
        self.assertEqual(self.standin.exposure(), 1000)
        self.succeed("followups", "take", number)
        self.succeed("followups", "note", number, "called, pays", "tomorrow")
        self.assertIn("called, pays tomorrow", self.succeed("followups"))
        self.succeed("followups", "close", number, "--as", "collected", "paid in cash")
        self.assertIn("No case waits for a person.", self.succeed("followups"))
        self.assertIn("paid in cash", self.succeed("followups", "--all"))
        self.assertEqual(self.standin.states(), {"collected": 1})
        self.assertEqual(self.standin.exposure(), 0)
        self.assertEqual(self.standin.verb("followups", "close", number, "--as", "collected").returncode, 1)

    def test_a_replay_by_itself_begins_once_the_shop_is_well(self):
        self.configuration.change("stand_in.order", replay='{ start = "when-healthy", rate = 100 }')
        self.configuration.change("upstream.shop", health='{ path = "/ping", every = "200ms", timeout = "200ms" }')
        self.standin.start()
        self.standin.order("k1")
        self.shop.start()
        self.standin.wait_for_states({"settled": 1})

    def test_the_replayed_request_is_the_clients_own(self):
        self.standin.start()
        self.standin.order("k1", customer_id="anna")
        order = self.standin.only_order()
        self.shop.start()
        self.standin.replay()
        self.standin.wait_for_states({"settled": 1})
        delivered = self.shop.orders()[0]
        self.assertEqual(delivered["idempotency_key"], "k1")
        self.assertEqual(delivered["request_id"], order["request_id"])
        self.assertEqual(delivered["standin_key"], order["order_key"])
        self.assertEqual(self.standin.only_order()["upstream_reference"], delivered["id"])

    def test_a_configuration_is_checked_without_starting(self):
        self.standin.prepare()
        sample = os.path.join(self.folder, "order.http")
        with open(sample, "w") as file:
            file.write(
                "POST /orders HTTP/1.1\nHost: shop\nContent-Type: application/json\nIdempotency-Key: k1\n\n"
                '{"order":{"total_cents":2600,"currency":"USD","merchant_id":"m1"}}'
            )
        done = self.run_verb("check", self.standin.file, "--request", sample)
        self.assertEqual(done.returncode, 0, done)
        for words in ("26.00 USD", "decline", "floor limit", "Card failed"):
            self.assertIn(words, done.stdout)

    def test_orders_sealed_before_a_key_was_rotated_are_answered_and_delivered_after_it(self):
        self.standin.start()
        first = self.standin.order("k1", cart_id="old")
        rotated = self.run_verb("keys", "rotate", os.path.join(self.folder, "journal.keys"))
        self.assertEqual(rotated.returncode, 0, rotated)
        self.standin.restart()
        self.assertEqual(self.standin.order("k1", cart_id="old"), first)
        self.standin.order("k2", cart_id="new")
        self.shop.start()
        self.standin.replay()
        self.standin.wait_for_states({"settled": 2})
        self.assertEqual(sorted(self.shop.standing_charges()), ["new", "old"])

    def test_without_its_keys_nothing_is_served(self):
        self.standin.start()
        self.standin.order("k1")
        self.standin.kill()
        os.unlink(os.path.join(self.folder, "journal.keys"))
        self.standin.spawn("serve", "-c", self.standin.file)
        self.assertEqual(self.standin.wait(), 1)
        self.assertIn("journal.keys", self.standin.errors())
