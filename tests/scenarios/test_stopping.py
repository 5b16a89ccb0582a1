"""A graceful stop loses nothing and nobody; what SIGKILL interrupts is taken up by the next process."""
import signal
import subprocess
import threading
import time

from harness import BINARY, PATIENCE, Scenario, ask, eventually, order_body, order_headers


class Stopping(Scenario):
    def order_in_background(self, key: str, cents: int = 1000):
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.standin.order(key, cents)))
        thread.start()
        return thread, answers

    def test_late_listening_survives_a_graceful_stop(self):
        self.shop.start().faults(delay_after_ms=3000)
        self.standin.start()
        thread, answers = self.order_in_background("k1")
        eventually(lambda: self.standin.metric("standin_target_in_flight"), "the forward is under way")
        self.standin.send(signal.SIGTERM)
        thread.join()
        self.assertEqual(answers[0].status, 201)
        self.assertTrue(answers[0].json()["order"]["id"].startswith("gateway-down-"))
        self.assertEqual(self.standin.wait(), 0)
        self.assertEqual(self.standin.logged("drained_early"), [])
        self.standin.start()
        self.assertEqual(self.standin.states(), {"settled": 1})
        self.assertEqual(self.shop.standing_charges(), ["cart"])

    def test_a_healthy_answer_under_way_is_given_before_the_end(self):
        self.shop.start().faults(delay_after_ms=800)
        self.standin.start()
        thread, answers = self.order_in_background("k1")
        eventually(lambda: self.standin.metric("standin_target_in_flight"), "the forward is under way")
        self.standin.send(signal.SIGTERM)
        thread.join()
        self.assertTrue(answers[0].json()["order"]["id"].startswith("ord_"))
        self.assertEqual(self.standin.wait(), 0)

    def test_a_stop_that_takes_too_long_says_what_was_left_to_the_finder(self):
        self.configuration.change("server", drain='"1s"')
        self.shop.start().faults(answer="hang")
        self.standin.start()
        self.assertEqual(self.standin.order("k1").status, 201)
        self.standin.send(signal.SIGTERM)
        self.assertEqual(self.standin.wait(), 0)
        self.assertEqual(len(self.standin.logged("drained_early")), 1)

    def test_what_sigkill_interrupted_is_found_and_matched(self):
        self.shop.start().faults(delay_after_ms=3000)
        self.standin.start()
        first = self.standin.order("k1")
        self.assertEqual(first.status, 201)
        self.assertEqual(self.standin.states(), {"accepted": 1})
        self.standin.restart()
        self.assertEqual(self.standin.order("k1"), first)
        eventually(self.shop.standing_charges, "the shop has done it after all")
        self.shop.faults()
        self.standin.replay()
        self.standin.wait_for_states({"matched": 1})
        self.assertEqual(self.shop.standing_charges(), ["cart"])
        self.assertEqual(self.standin.exposure(), 0)

    def test_a_graceful_stop_under_load_fails_no_request(self):
        self.shop.start().faults(delay_before_ms=20)
        self.standin.start()
        refused = threading.Event()
        answered, failures = [], []

        def client(number: int):
            for turn in range(10_000):
                key = f"c{number}-{turn}"
                try:
                    answer = ask(self.standin.port, "POST", "/orders", order_body(), order_headers(key))
                    (answered if answer.status == 201 else failures).append(answer.status)
                except ConnectionRefusedError:
                    refused.set()
                    return
                except OSError as error:
                    failures.append(repr(error))
                    return

        clients = [threading.Thread(target=client, args=(number,)) for number in range(16)]
        for thread in clients:
            thread.start()
        eventually(lambda: len(answered) > 100, "the load is under way")
        self.standin.send(signal.SIGTERM)
        for thread in clients:
            thread.join()
        self.assertEqual(self.standin.wait(), 0)
        self.assertEqual(failures, [])
        self.assertTrue(refused.is_set())
        self.assertEqual(len(answered), len(self.shop.orders()))

    def test_while_it_drains_it_is_not_ready(self):
        self.shop.start().faults(delay_after_ms=2000)
        self.standin.start()
        self.assertEqual(ask(self.standin.console_port, "GET", "/readyz").status, 200)
        thread, _ = self.order_in_background("k1")
        eventually(lambda: self.standin.metric("standin_target_in_flight"), "the forward is under way")
        self.standin.send(signal.SIGTERM)
        eventually(lambda: ask(self.standin.console_port, "GET", "/readyz").status == 503, "it is not ready")
        self.assertEqual(ask(self.standin.console_port, "GET", "/healthz").status, 200)
        thread.join()

    def test_a_second_process_on_one_journal_is_refused(self):
        self.standin.start()
        second = self.child(type(self.standin)(self.folder, self.configuration))
        second.out, second.err = self.folder + "/second.out", self.folder + "/second.err"
        second.spawn("serve", "-c", second.file)
        self.assertEqual(second.wait(), 1)
        self.assertIn("journal", second.errors())
        self.assertEqual(self.standin.order("k1").status, 201)

    def why_not(self) -> str:
        """Why another process does not start with the configuration as it is now."""
        second = self.child(type(self.standin)(self.folder, self.configuration))
        second.out, second.err = self.folder + "/second.out", self.folder + "/second.err"
        second.prepare()
        second.spawn("serve", "-c", second.file)
        self.assertEqual(second.wait(), 1)
        return second.errors()

    def test_a_second_process_with_another_journal_does_not_share_the_port(self):
        self.standin.start()
        self.configuration.change("journal", url='"sqlite:another.db"')
        self.configuration.change("server", listen=f'["127.0.0.1:{self.standin.port}"]')
        self.assertIn(f"cannot listen on 127.0.0.1:{self.standin.port}: Address already in use", self.why_not())
        self.configuration.change("server", listen='["127.0.0.1:0"]')
        self.configuration.change("console", listen=f'"127.0.0.1:{self.standin.console_port}"', socket='"another.sock"')
        self.assertIn(f"cannot listen on 127.0.0.1:{self.standin.console_port}: Address already in use", self.why_not())

    def test_a_journal_is_not_used_with_other_keys_than_its_own(self):
        self.standin.start()
        self.assertEqual(self.standin.order("k1").status, 201)
        self.standin.send(signal.SIGTERM)
        self.assertEqual(self.standin.wait(), 0)
        subprocess.run([BINARY, "keys", "new", self.folder + "/other.keys"], check=True, capture_output=True, timeout=PATIENCE)
        self.configuration.change("journal", key_file='"other.keys"')
        self.assertIn("was sealed with other keys", self.why_not())
        self.configuration.change("journal", key_file='"journal.keys"')
        self.standin.start()

    def test_an_access_log_that_cannot_be_opened_is_said_and_ends_the_start(self):
        self.configuration.change("log", access='"/dev/null/access.log"')
        self.assertIn("the access log /dev/null/access.log cannot be opened", self.why_not())

    def test_a_replay_under_way_is_finished_by_a_graceful_stop(self):
        self.standin.start()
        for number in range(8):
            self.standin.order(f"k{number}", cart_id=f"cart-{number}")
        self.shop.start().faults(delay_after_ms=1000)
        self.standin.replay()
        eventually(lambda: self.standin.states().get("replaying"), "the replay has begun")
        began = time.monotonic()
        self.standin.send(signal.SIGTERM)
        self.assertEqual(self.standin.wait(), 0)
        self.assertLess(time.monotonic() - began, 15)
        self.standin.start()
        self.assertNotIn("replaying", self.standin.states())
        self.shop.faults()
        self.standin.replay()
        eventually(lambda: set(self.standin.states()) <= {"settled", "matched"}, "every order is delivered")
        self.assertEqual(len(self.shop.standing_charges()), 8)
