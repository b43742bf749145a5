"""Many workers, one issue: killed or cut off, nobody is forgotten or mailed twice.

The workers are real processes, at the end on hosts of their own; what counts is what
the relay took. A letter that was on the wire when its worker ended may have arrived, so
it may come twice, and the ledger says so (RFC 1047).
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import ColumnElement, Engine, select
from sqlmodel import Session, col

from benchmarks.relays import PacedRelay, paced_relay
from newsletter import config as settings_room
from newsletter import db, queue, scheduler
from newsletter.cli.office import Office
from newsletter.config.example import example_toml
from newsletter.issues import IssueView
from newsletter.queue import shards
from newsletter.sender import open_slot, utc_now
from newsletter.slots import Slot
from newsletter.tables import Delivery, DeliveryStatus, Issue, IssueStatus
from subscribers.tables import Subscriber
from tests.factories import make_subscriber, make_tip
from tests.whole.hosts import Hosts, hosts, postgresql_on

PROGRAM = Path(sys.executable).with_name("newsletter")
SLOT = Slot(2099, 10)
READERS = 1_100
WORKERS = 3
KILLS = 8
CONNECTIONS = 6
LEASE_SECONDS = 8
REPLY_SECONDS = 0.04
PER_SECOND = 150
PATIENCE = 150


def settings(folder: Path, name: str, **values: object) -> Path:
    """Write the settings of a host."""
    common: dict[str, object] = {
        "newsletter.secret": "x" * 40,
        "delivery.allow_reserved": True,
        "delivery.lease_seconds": LEASE_SECONDS,
        "smtp.security": "none",
        "smtp.timeout_seconds": 1.9,
        "smtp.connections": CONNECTIONS,
        "queue.enabled": True,
    }
    named = {key.replace("__", "."): value for key, value in values.items()}
    path = folder / f"{name}.toml"
    path.write_text(example_toml(common | named), "utf-8")
    return path


@contextmanager
def coordinator(path: Path, engine: Engine) -> Iterator[Office]:
    """Run the main job in this process; it looks twice a second."""
    office = Office(settings_room.load(path, {}), engine)
    desk = office.desk()
    options = {"ring_seconds": 0.5, "forward": office.forward}
    thread = Thread(target=scheduler.run, args=(desk,), kwargs=options)
    thread.start()
    try:
        yield office
    finally:
        desk.stop.set()
        thread.join()


def worker(path: Path, *prefix: str) -> subprocess.Popen[bytes]:
    """Start a worker, on another host if *prefix* says so."""
    words = [*prefix, str(PROGRAM), "--config", str(path), "worker"]
    with path.with_suffix(".log").open("ab") as log:
        return subprocess.Popen(words, stdout=log, stderr=log, env={**os.environ})


def end(processes: list[subprocess.Popen[bytes]]) -> list[int]:
    """Ask workers to end, and return their exit codes."""
    for process in processes:
        process.send_signal(signal.SIGTERM)
    try:
        return [process.wait(60) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that other processes do."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def found(engine: Engine) -> None:
    """Make tables, queue, list and library."""
    db.upgrade(engine, now=utc_now())
    queue.install(engine)
    with db.transaction(engine) as session:
        make_tip(session, "tip")
        for number in range(READERS):
            make_subscriber(session, f"r{number}@example.org")


def is_finished(engine: Engine) -> bool:
    """Tell whether the issue ended."""
    with Session(engine) as session:
        return session.scalars(select(Issue)).one().status is IssueStatus.SENT


def with_letters(engine: Engine, *where: ColumnElement[bool]) -> set[str]:
    """Return the addresses of readers by how their letters stand."""
    with Session(engine) as session:
        readers = (
            select(col(Subscriber.address))
            .join(Delivery, col(Delivery.subscriber_id) == col(Subscriber.id))
            .where(*where)
        )
        return set(session.scalars(readers))


def in_doubt(engine: Engine, *where: ColumnElement[bool]) -> set[str]:
    """Return the addresses of letters whose outcome was unknown at some time."""
    return with_letters(engine, col(Delivery.doubts) > 0, *where)


def assert_once_each(engine: Engine, relay: PacedRelay, *, doubts: int) -> None:
    """See that everybody was mailed, and twice only who was in doubt.

    Whoever was in doubt twice is held for the operator, and may have got nothing.
    """
    arrived = Counter(relay.recipients)
    everybody = {f"r{number}@example.org" for number in range(READERS)}
    doubtful = in_doubt(engine)
    held = in_doubt(engine, col(Delivery.status) == DeliveryStatus.UNCERTAIN)
    sent = with_letters(engine, col(Delivery.status) == DeliveryStatus.SENT)
    assert arrived.keys() <= everybody
    assert everybody - arrived.keys() <= held
    assert {reader for reader, copies in arrived.items() if copies > 1} <= doubtful
    assert max(arrived.values()) <= 2
    assert len(doubtful) <= doubts
    assert sent == everybody - held


@pytest.mark.parametrize("empty_engine", ["postgresql"], indirect=True)
def test_workers_killed_at_random_forget_and_repeat_nobody(
    empty_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each kill leaves in doubt at most what was on that worker's connections."""
    # A wrong guess costs a doubled task, which must do no harm either.
    monkeypatch.setattr(shards, "SILENT_SECONDS", 3)
    chance = random.Random(3)  # noqa: S311 - instants, not secrets
    found(empty_engine)
    kills = 0

    with paced_relay(tmp_path / "taken", seconds=REPLY_SECONDS) as relay:
        path = settings(
            tmp_path,
            "config",
            database__url=empty_engine.url.render_as_string(hide_password=False),
            smtp__host="127.0.0.1",
            smtp__port=relay.port,
        )
        with coordinator(path, empty_engine) as office:
            assert isinstance(open_slot(office.desk(), SLOT), IssueView)
            crew = [worker(path) for _ in range(WORKERS)]
            try:
                while kills < KILLS:
                    enough = len(relay.taken) + chance.randrange(20, 110)
                    until(lambda enough=enough: len(relay.taken) >= enough)  # type: ignore[misc]
                    victim = crew.pop(chance.randrange(WORKERS))
                    victim.send_signal(signal.SIGKILL)
                    victim.wait()
                    kills += 1
                    crew.append(worker(path))
                assert not is_finished(empty_engine)
                until(lambda: is_finished(empty_engine))
            finally:
                codes = end(crew)

    assert codes == [0] * WORKERS
    assert_once_each(empty_engine, relay, doubts=KILLS * CONNECTIONS)


@pytest.mark.parametrize("empty_engine", ["postgresql"], indirect=True)
def test_workers_keep_one_rate_together(empty_engine: Engine, tmp_path: Path) -> None:
    """The rate is of the newsletter, not of a worker; it is exceeded by 2 % at most."""
    found(empty_engine)
    with paced_relay(tmp_path / "taken", seconds=REPLY_SECONDS) as relay:
        path = settings(
            tmp_path,
            "config",
            database__url=empty_engine.url.render_as_string(hide_password=False),
            smtp__host="127.0.0.1",
            smtp__port=relay.port,
            smtp__max_per_second=PER_SECOND,
        )
        crew = [worker(path) for _ in range(WORKERS)]
        try:
            with coordinator(path, empty_engine) as office:
                assert isinstance(open_slot(office.desk(), SLOT), IssueView)
                until(lambda: is_finished(empty_engine))
        finally:
            codes = end(crew)

    with Session(empty_engine) as session:
        query = select(col(Delivery.finished_at)).order_by(col(Delivery.finished_at))
        times = [time for time in session.scalars(query) if time]
    took = (times[-1] - times[0]).total_seconds()
    # Whoever was stopped for a moment may catch up what half a second would have sent.
    caught_up = PER_SECOND * 0.5 + 1
    assert codes == [0] * WORKERS
    assert len(times) == READERS
    assert PER_SECOND * took * 1.02 + caught_up >= READERS
    assert took < 2 * READERS / PER_SECOND, "that is not half of what they may send"


@pytest.fixture
def places() -> Iterator[Hosts]:
    """Two hosts with a cable each to the hub's database, and one to its relay."""
    with hosts(first=("database", "relay"), second=("database", "relay")) as made:
        yield made


@pytest.fixture
def hub_engine(places: Hosts) -> Iterator[Engine]:
    """An engine on the hub's PostgreSQL, as a program on the hub would have it."""
    with postgresql_on(places) as socket:
        engine = db.connect(f"postgresql://postgres@/postgres?host={socket}")
        found(engine)
        yield engine
        engine.dispose()


@pytest.mark.hosts
@pytest.mark.parametrize("patience", ["", "?tcp_user_timeout=3000&keepalives_idle=2"])
def test_a_worker_cut_off_from_the_database_mails_nobody_twice(
    places: Hosts, hub_engine: Engine, tmp_path: Path, patience: str
) -> None:
    """Its lease lapses and others send what it held; its late outcomes change nothing.

    Once it comes back before it noticed, with outcomes of another time; once after it
    gave up. Either way it works again.
    """
    with ExitStack() as stack:
        relay = stack.enter_context(
            paced_relay(
                tmp_path / "taken",
                seconds=REPLY_SECONDS,
                host="0.0.0.0",  # noqa: S104 - all cables of the hub
                prefix=places.run_on("hub"),
            )
        )

        def settings_of(host: str, asks: str = "") -> Path:
            database = places.hub_address(host, "database")
            return settings(
                tmp_path,
                host,
                database__url=f"postgresql://postgres@{database}/postgres{asks}",
                smtp__host=places.hub_address(host, "relay"),
                smtp__port=relay.port,
            )

        def taken_from(host: str) -> int:
            address = places.address(host, "relay")
            return sum(source == address for source, _ in relay.taken)

        paths = {"first": settings_of("first", patience)}
        paths["second"] = settings_of("second")
        office = stack.enter_context(coordinator(paths["second"], hub_engine))
        assert isinstance(open_slot(office.desk(), SLOT), IssueView)
        crew = [worker(paths[host], *places.run_on(host)) for host in paths]
        stack.callback(end, crew)
        until(lambda: min(taken_from(host) for host in paths) > 60)

        places.pull("first", "database")
        cut_at = time.monotonic()
        on_the_wire = CONNECTIONS
        sent_alone = taken_from("first")
        until(lambda: time.monotonic() - cut_at > LEASE_SECONDS + 2)
        # It finished what was open, and began nothing.
        assert taken_from("first") <= sent_alone + on_the_wire
        if patience:
            until(lambda: is_finished(hub_engine))
        places.plug("first", "database")
        until(lambda: is_finished(hub_engine))
        if patience:
            log = paths["first"].with_suffix(".log")
            assert "this shard failed" in log.read_text("utf-8")
        assert end(crew) == [0, 0]

    doubtful = in_doubt(hub_engine)
    senders = [source for source, reader in relay.taken if reader in doubtful]
    both = {places.address(host, "relay") for host in paths}
    assert set(senders) == both
    assert_once_each(hub_engine, relay, doubts=on_the_wire)
