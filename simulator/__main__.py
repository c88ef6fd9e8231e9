"""`python -m simulator --port N --seed S`: the simulated Genesys Cloud as a process."""

import contextlib
import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Annotated, Any, TextIO

import typer

from simulator import server, state
from simulator.assumptions import PLATFORM, reassumed
from simulator.faults import NONE, changed
from simulator.oauth import CLIENT_ID, CLIENT_SECRET
from simulator.platform import GenesysPlatform
from simulator.ratelimit import ALLOWED
from simulator.validation import InvalidSetting

Port = Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0: a free one.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same faults.")]
StateFile = Annotated[
    Path | None, typer.Option("--state", help="Loaded at the start, saved at the end.")
]
RecordFile = Annotated[
    Path | None, typer.Option("--record", help="NDJSON; each entry is appended at once.")
]
Faults = Annotated[str, typer.Option(help="none, normal or hostile.")]
Keys = Annotated[str, typer.Option(help="Idempotency-Key: honoured, ignored or conflict.")]
Assume = Annotated[
    list[str] | None, typer.Option(help="NAME=true or false, of docs/assumptions.md; repeatable.")
]
Limit = Annotated[int, typer.Option(min=0, help="Requests per minute and client.")]


def main(
    port: Port = 0,
    seed: Seed = 0,
    state_file: StateFile = None,
    record_file: RecordFile = None,
    faults: Faults = "none",
    keys: Keys = "ignored",
    limit: Limit = ALLOWED,
    assume: Assume = None,
    client_id: str = CLIENT_ID,
    client_secret: str = CLIENT_SECRET,
) -> None:
    """Simulate Genesys Cloud's API and login on http://127.0.0.1:PORT."""
    with contextlib.ExitStack() as stack:
        try:
            conduct = changed(NONE, {"preset": faults, "keys": keys})
            assumptions = reassumed(PLATFORM, dict(map(_switch, assume or ())))
            listening = stack.enter_context(server.listen(port))
            sink = _sink(record_file, stack)
            secrets = {client_id: (client_secret,)}
            platform = GenesysPlatform(
                time.time,
                Random(f"genesys {seed}"),
                conduct,
                allowed=limit,
                secrets=secrets,
                assumptions=assumptions,
                sink=sink,
            )
            if state_file is not None and state_file.exists():
                state.load(platform, state_file)
        except InvalidSetting as invalid:
            raise _ended(str(invalid)) from invalid
        except OSError as error:
            raise _ended(_explained(error, port)) from error
        _serve(platform, listening, state_file)


def _serve(platform: GenesysPlatform, listening: Any, state_file: Path | None) -> None:
    # uvicorn handles these signals and then raises them again for its caller: with this empty
    # handler, the process then exits with 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    server.run(platform, listening)
    if state_file is not None:
        state.save(platform, state_file)


def _switch(text: str) -> tuple[str, bool]:
    name, _, value = text.partition("=")
    if value not in ("true", "false"):
        raise InvalidSetting(f"--assume {text} must be NAME=true or NAME=false")
    return name, value == "true"


def _sink(
    path: Path | None, stack: contextlib.ExitStack
) -> Callable[[dict[str, Any]], None] | None:
    if path is None:
        return None
    return _lines(stack.enter_context(path.open("a", encoding="utf-8")))


def _lines(file: TextIO) -> Callable[[dict[str, Any]], None]:
    def write(entry: dict[str, Any]) -> None:
        file.write(json.dumps(entry) + "\n")
        file.flush()  # the record must survive the process, however it ends

    return write


def _explained(error: OSError, port: int) -> str:
    if error.filename is not None:
        return f"{error.filename} cannot be opened: {error.strerror}."
    return f"Port {port} on 127.0.0.1 is taken ({error.strerror}); choose another with --port."


def _ended(sentence: str) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(2)


if __name__ == "__main__":
    typer.run(main)
