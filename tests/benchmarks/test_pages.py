"""What wrk says becomes figures, and figures a table."""

import pytest

from benchmarks.pages import Load, Row, paths_of, read_wrk, table

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
    """Pages a second, the slowest of a hundred in ms, and what failed."""
    assert read_wrk(SAID) == Load(1308.49, 28.4, 0)
    slow = SAID.replace("28.40ms", "1.20s")
    bad = slow.replace(
        "Requests/sec",
        "  Socket errors: connect 0, read 2, write 0, timeout 1\n"
        "  Non-2xx or 3xx responses: 4\nRequests/sec",
    )
    assert read_wrk(bad) == Load(1308.49, 1200.0, 7)
    assert read_wrk(SAID.replace("28.40ms", "900.00us")).p99_ms == pytest.approx(0.9)
    with pytest.raises(ValueError, match="not what wrk writes"):
        read_wrk("wrk: unable to connect")


def test_each_kind_of_page_has_addresses() -> None:
    """All pages of a list but the first; the newest tips."""
    paths = paths_of(5_000)

    assert paths["archive"][-1] == "/archive/page/499/"
    assert paths["tag"][-1] == "/tags/tag-0/page/249/"
    assert len(paths["tip"]) == 500


def test_a_row_is_shown_in_words() -> None:
    """The table of the page."""
    fast, steady = Load(1308.49, 28.4, 1), Load(199.0, 4.2, 2)
    shown = table([Row("SQLite", "archive", True, fast, steady)]).as_markdown()

    assert "| SQLite | archive | 5 s | 1,308 | 28 | 4 | 3 |" in shown
