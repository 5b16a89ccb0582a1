"""The big red button: pressed by a person, durable, over when it says so."""
import json

from harness import Scenario, eventually


class Modes(Scenario):
    def press(self, *arguments: str):
        done = self.standin.verb("mode", *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, done.stderr), done)
        return done

    def test_forced_stands_in_without_asking_the_shop_and_survives_a_restart(self):
        self.shop.start()
        self.standin.start()
        self.press("orders", "forced", "--for", "1m", "--why", "drill")
        for restarted in range(2):
            with self.subTest(restarted=restarted):
                answer = self.standin.order(f"k{restarted}")
                self.assertTrue(answer.json()["order"]["id"].startswith("gateway-down-"))
                listed = self.standin.verb("mode").stdout
                for word in ("orders", "forced", "auto", "drill"):
                    self.assertIn(word, listed)
                self.standin.restart()
        self.assertEqual(self.shop.orders(), [])
        self.assertEqual({order["cause"] for order in self.standin.orders()}, {"forced"})
        self.press("orders", "auto", "--why", "over")
        self.assertTrue(self.standin.order("k9").json()["order"]["id"].startswith("ord_"))

    def test_forced_ends_by_itself(self):
        self.shop.start()
        self.standin.start()
        self.press("orders", "forced", "--for", "1s", "--why", "drill")
        keys = iter(range(10_000))
        self.assertTrue(self.standin.order("first").json()["order"]["id"].startswith("gateway-down-"))
        eventually(
            lambda: self.standin.order(f"k{next(keys)}").json()["order"]["id"].startswith("ord_"),
            "orders go to the shop again",
        )
        row = json.loads(self.standin.verb("mode", "--json").stdout)["modes"][0]
        self.assertEqual((row["mode"], row["configured"]), ("auto", "auto"))

    def test_forced_without_an_end_is_warned_of(self):
        self.standin.start()
        self.assertIn("until somebody changes it", self.press("forced", "--why", "drill").stderr)
        self.assertIn("drill", " ".join(self.standin.will_log("mode")))

    def test_an_order_accepted_in_forced_mode_is_delivered_by_the_replay(self):
        self.shop.start()
        self.standin.start()
        self.press("orders", "forced", "--for", "1m", "--why", "drill")
        self.standin.order("k1")
        self.press("orders", "auto", "--why", "over")
        self.standin.replay()
        self.standin.wait_for_states({"settled": 1})
        self.assertEqual(self.shop.standing_charges(), ["cart"])

    def test_off_hands_the_shops_errors_to_the_client(self):
        self.standin.start()
        self.press("orders", "off", "--for", "1m", "--why", "the shop has its own fallback")
        self.assertEqual(self.standin.order("k1").status, 502)
        self.shop.start().faults(answer="status", status=500)
        answer = self.standin.order("k2")
        self.assertEqual((answer.status, answer.json()), (500, {"error": {"message": "Internal error"}}))
        self.shop.faults(answer="hang")
        self.assertEqual(self.standin.order("k3").status, 504)
        self.assertEqual(self.standin.orders(), [])
        self.assertEqual(self.standin.exposure(), 0)

    def test_shadow_records_what_it_would_have_said_and_says_nothing(self):
        self.configuration.change("route.orders", mode='"shadow"')
        self.standin.start()
        self.assertEqual(self.standin.order("k1").status, 502)
        self.assertEqual(self.standin.order("k2", 9900).status, 502)
        shadows = eventually(lambda: (rows := self.standin.orders("&shadow=true")) and len(rows) == 2 and rows, "both are recorded")
        self.assertEqual({order["accepted"] for order in shadows}, {True, False})
        self.assertEqual(self.standin.orders(), [])
        self.assertEqual(self.standin.exposure(), 0)
        self.shop.start()
        self.standin.replay()
        answer = self.standin.order("k1")
        self.assertTrue(answer.json()["order"]["id"].startswith("ord_"))
        self.assertEqual(len(self.shop.orders()), 1)

    def test_what_is_asked_wrongly_is_refused_with_what_to_do(self):
        self.standin.start()
        for arguments, status, words in (
            (("orders", "forced"), 2, "--why is missing"),
            (("orders", "forcd", "--why", "x"), 2, "is not a mode"),
            (("order", "forced", "--why", "x"), 1, "did you mean 'orders'"),
            (("orders", "forced", "--for", "1 hour", "--why", "x"), 2, "for"),
            (("orders", "forced", "--for", "90d", "--why", "x"), 2, "at most 30d"),
        ):
            with self.subTest(arguments):
                done = self.standin.verb("mode", *arguments)
                self.assertEqual(done.returncode, status, done)
                self.assertIn(words, done.stderr)
        self.assertEqual(json.loads(self.standin.verb("mode", "--json").stdout)["modes"][0]["mode"], "auto")
