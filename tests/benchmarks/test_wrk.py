"""What wrk says becomes figures; the site that it asks is a real one."""

import shutil

import pytest

from benchmarks import wrk
from benchmarks.stage import NOW, stage
from benchmarks.visits import Load
from newsletter import db

SAID = """\
Running 8s test @ http://127.0.0.1:8000
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    12.31ms    4.13ms  61.00ms   90.00%
    Req/Sec     1.31k    99.00     1.50k    71.00%
  Latency Distribution
     50%   11.30ms
     75%   13.10ms
     90%   16.20ms
     99%   28.40ms
  10481 requests in 8.01s, 88.11MB read
Requests/sec:   1308.49
Transfer/sec:     11.00MB
"""


def test_figures_are_read_as_wrk_writes_them() -> None:
    """Answers, answers a second, the slowest of a hundred in ms, and what failed."""
    assert wrk.read(SAID) == Load(1308.49, 28.4, 0, 10_481)
    slow = SAID.replace("28.40ms", "1.20s")
    bad = slow.replace(
        "Requests/sec",
        "  Socket errors: connect 0, read 2, write 0, timeout 1\n"
        "  Non-2xx or 3xx responses: 4\nRequests/sec",
    )
    assert wrk.read(bad) == Load(1308.49, 1200.0, 7, 10_481)
    assert wrk.read(SAID.replace("28.40ms", "900.00us")).p99_ms == pytest.approx(0.9)
    with pytest.raises(ValueError, match="not what wrk writes"):
        wrk.read("wrk: unable to connect")


@pytest.mark.skipif(not shutil.which("wrk"), reason="needs Debian's wrk")
def test_a_site_is_asked_at_both_paces() -> None:
    """Every page is answered; at a steady pace there are some 200 a second at most."""
    script = 'request = function() return wrk.format("GET", "/archive/") end\n'
    with stage("sqlite") as where:
        db.upgrade(where.engine, now=NOW)
        with wrk.served(where) as port:
            assert "<h1>Archive</h1>" in wrk.get(port, "/", "/archive/")
            fast = wrk.load(where.folder, port, script, 1)
            steady = wrk.load(where.folder, port, script, 1, is_steady=True)

    assert (fast.failed, steady.failed) == (0, 0)
    assert fast.answered > 0
    assert 0 < steady.rate < 250
