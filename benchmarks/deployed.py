"""What the functions use as deployed: CPU, calls, units, log lines.

CPU is compared within one run, since machines differ and this one may be busy: the alternatives run
in the same process, alternating with ours, and the fastest round of each counts.
"""

import json
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPSConnection

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from benchmarks.claimants import powertools, puts, used_by
from benchmarks.row import Row
from benchmarks.sandbox import Used, sandbox
from benchmarks.tls import Server, serving_tls
from lambdas.adapters.http import RequestsHttp, public_authorities
from lambdas.relay.kernel.limits import LIVE

SIZES = (50, 5, 1)
#: rounds before the first one that counts, and those that count
WARM_UP, ROUNDS = 3, 20
#: rounds of the smallest acts, and acts in each of them
LEAST_OF, POSTS = 6, 20
POWERTOOLS, PUTS = "Powertools, idempotency in its batch processor", "a conditional put each"

#: the most that dedup may take, as a share of Powertools
OF_POWERTOOLS_MAX = 0.14
#: the most that intake may take, as multiples of the minimum for an SDK call
INTAKE_OF_PUT_MAX = {50: 0.5, 1: 2.7}
WRITE_UNITS_MAX = {50: 1.18, 5: 2.05, 1: 6.15}
#: the same for a POST over TLS, as a multiple of a connection with a cached trust store
POST_OF_FLOOR_MAX = 2.0


def used(rounds: int = ROUNDS) -> Iterator[Row]:
    """What an event uses on its way, by the size of its batch."""
    ours, rivals, spent = _measured(rounds)
    least = rivals[PUTS].cpu_us
    for size in (50, 1):
        yield Row(
            f"intake, {size} events a call: CPU",
            "µs per event",
            "lower",
            ours["intake", size].cpu_us,
            {PUTS: least},
            _parsing_us(),
            INTAKE_OF_PUT_MAX[size] * least,
        )
    yield Row(
        "dedup, a batch of 50: CPU",
        "µs per event",
        "lower",
        ours["dedup", 50].cpu_us,
        {name: rival.cpu_us for name, rival in rivals.items()},
        None,
        OF_POWERTOOLS_MAX * rivals[POWERTOOLS].cpu_us,
    )
    units = {name: rival.write_units / rival.events for name, rival in rivals.items()}
    verbs = ("intake", "dedup", "write")
    for size in SIZES:
        whole = [ours[verb, size] for verb in verbs]
        name = f"batches of {size}"
        yield Row(
            f"{name}: write units",
            "per event",
            "lower",
            spent[size] / size,
            units,
            1,
            WRITE_UNITS_MAX[size],
        )
        calls = sum(each.calls for each in whole) / size
        yield Row(f"{name}: calls of AWS", "per event", "lower", calls, {}, None)
        reads = sum(each.read_units for each in whole) / size
        yield Row(f"{name}: read units", "per event", "lower", reads, {}, 0)
        logged = sum(each.logged_bytes for each in whole) / size
        yield Row(f"{name}: written to the log", "bytes per event", "lower", logged, {}, 0)


def _measured(
    rounds: int,
) -> tuple[dict[tuple[str, int], Used], dict[str, Used], dict[int, float]]:
    """By verb and size, by alternative, and a batch's average write units: not every batch leases
    slots of the rate limit."""
    here, kept, spent = sandbox(), _Fastest(), dict.fromkeys(SIZES, 0.0)
    claimants = {POWERTOOLS: powertools(), PUTS: puts()}
    for number in range(WARM_UP + rounds):
        for size in SIZES:
            way = here.way(size)
            if number >= WARM_UP:
                spent[size] += sum(used.write_units for used in way.values()) / rounds
            for verb, used in way.items():
                kept.take((verb, size), used, number)
        for name, run in claimants.items():
            kept.take((name, 50), used_by(run, 50), number)
    ours = {key: used for key, used in kept.fastest.items() if key[0] not in claimants}
    return ours, {name: kept.fastest[name, 50] for name in claimants}, spent


@dataclass(slots=True)
class _Fastest:
    """The minimum, since noise only adds to CPU time."""

    fastest: dict[tuple[str, int], Used] = field(default_factory=dict)

    def take(self, key: tuple[str, int], used: Used, number: int) -> None:
        if number < WARM_UP:
            return
        before = self.fastest.get(key)
        if before is None or used.cpu_s < before.cpu_s:
            self.fastest[key] = used


def _parsing_us() -> float:
    (text,) = sandbox().envelopes(1)
    return _least_us(partial(json.loads, text), 200)


def posts() -> Iterator[Row]:
    """The CPU of a POST over TLS on a new connection."""
    with serving_tls() as server:
        trust = public_authorities()
        trust.load_verify_locations(server.certificate)
        http = RequestsHttp(LIVE, trust)
        ours, plain, kept = least_us_each(
            (
                partial(_posted, http, server),
                partial(_plain, server),
                partial(_bare, server, trust),
            ),
            POSTS,
        )
        yield Row(
            "a POST over TLS: CPU",
            "µs",
            "lower",
            ours,
            {"requests, as its documents say": plain},
            kept,
            POST_OF_FLOOR_MAX * kept,
        )


def _posted(http: RequestsHttp, server: Server) -> None:
    answer = http.send("POST", server.url, {}, b"{}")
    if getattr(answer, "status", None) != 200:
        raise RuntimeError(f"the server answered {answer!r}")


def _plain(server: Server) -> None:
    # These authorities did not sign the certificate; the client loads them all the same.
    ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
    requests.post(server.url, data=b"{}", verify=server.certificate, timeout=10)


def _bare(server: Server, trust: ssl.SSLContext) -> None:
    """The minimum: Python's own client, with a cached trust store."""
    connection = HTTPSConnection("localhost", server.port, timeout=10, context=trust)
    connection.request("POST", "/", b"{}")
    connection.getresponse().read()
    connection.close()


def _least_us(act: Callable[[], object], times: int) -> float:
    (least,) = least_us_each((act,), times)
    return least


def least_us_each(acts: Sequence[Callable[[], object]], times: int) -> list[float]:
    """CPU of one of each (µs), from the fastest of several rounds. All take part in each round, so
    that a processor that slows down slows them all."""
    rounds = [[_us(act, times) for act in acts] for _ in range(LEAST_OF)]
    return [min(taken) for taken in zip(*rounds, strict=True)]


def _us(act: Callable[[], object], times: int) -> float:
    act()
    began = time.process_time()
    for _ in range(times):
        act()
    return (time.process_time() - began) / times * 1e6
