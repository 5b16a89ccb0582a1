"""Every case of the corpus, sent to one standin: what it answers, what becomes of the connection, what arrives behind it."""
from cases import corpus
from harness import PATIENCE, Scenario
from judge import attempt
from recorder import Recorder


class Edge(Scenario):
    def test_what_is_ambiguous_is_refused_and_what_is_odd_arrives_whole(self):
        recorder = Recorder()
        self.addCleanup(recorder.close)
        self.configuration.change("upstream.shop", targets=f'["http://127.0.0.1:{recorder.port}"]')
        listener = '[{ address = "127.0.0.1:0", http2 = false }]'  # HTTP/1.1 alone
        self.configuration.change("server", listen=listener, limits='{ streamed_body = "1MiB" }')
        self.standin.start()
        for case in corpus():
            with self.subTest(f"{case.topic}: {case.name}"):
                trial = attempt(case, self.standin.port, recorder, min(PATIENCE, 10), known=True)
                self.assertEqual(trial.problems(), [], case.why)
