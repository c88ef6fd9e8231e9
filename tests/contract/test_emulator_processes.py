"""Nothing that a run starts outlives it, and what prevents a run gives one sentence."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from demo import supervisor
from emulator import toolchain
from emulator.process import HOST, Emulator, EmulatorError

#: Starts a supervised shell with a child of its own, prints its group, and waits to be killed.
#: how long processes may take to end, on a busy machine, too (seconds)
WITHIN_S = 60.0
PARENT = """
import signal, sys, time
from pathlib import Path
from demo import supervisor
# What runs in the background, as tests may, has inherited that SIGINT is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
child = supervisor.start(
    ["sh", "-c", "sleep 600 & sleep 600"], cwd=Path("/"), env={"PATH": "/usr/bin:/bin"},
    log=Path(sys.argv[1]), grace_s=0,
)
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_children_and_grandchildren_end_with_their_parent(
    end: signal.Signals, tmp_path: Path
) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "log")],
        cwd=toolchain.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdout is not None
    group = int(parent.stdout.readline())
    assert is_alive(group)

    parent.send_signal(end)
    parent.wait()
    parent.stdout.close()

    assert gone_within(group, WITHIN_S)


def test_everything_ends_when_only_make_is_killed(tmp_path: Path) -> None:
    (tmp_path / "parent.py").write_text(
        f"import sys\nsys.path.insert(0, {str(toolchain.ROOT)!r})\n"
        "from demo import supervisor\nsupervisor.end_with_parent()\n" + PARENT
    )
    recipe = f"run:\n\t@{sys.executable} {tmp_path / 'parent.py'} {tmp_path / 'log'}\n"
    (tmp_path / "Makefile").write_text(recipe)
    make = subprocess.Popen(["make", "-C", str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert make.stdout is not None
    group = next(int(line) for line in make.stdout if line.strip().isdigit())

    make.kill()
    make.wait()

    assert make.stdout.read() == "", "the program under make has closed its output"
    make.stdout.close()
    assert gone_within(group, WITHIN_S)


def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    command = ["sh", "-c", "sleep 600"]
    log = tmp_path / "log"

    with pytest.raises(subprocess.TimeoutExpired):
        supervisor.run(command, cwd=tmp_path, env=os.environ, log=log, grace_s=0, timeout_s=0.2)


def test_a_supervised_command_keeps_its_exit_code(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = ["sh", "-c", "exit 7"]
    code = supervisor.run(
        command, cwd=tmp_path, env=os.environ, log=log, grace_s=0, timeout_s=WITHIN_S
    )

    assert code == 7


def test_stopping_ends_the_whole_group(tmp_path: Path) -> None:
    command = ["sh", "-c", "trap '' TERM; echo deaf; sleep 600 & sleep 600"]
    log = tmp_path / "log"
    child = supervisor.start(command, cwd=tmp_path, env=os.environ, log=log, grace_s=0.3)
    while "deaf" not in log.read_text():
        time.sleep(0.02)

    supervisor.stop(child, grace_s=0.3)

    assert gone_within(child.pid, WITHIN_S)


def test_a_stopped_emulator_leaves_nothing_behind(tmp_path: Path) -> None:
    emulator = Emulator.start(tmp_path / "emulator")
    child = emulator._child
    assert child is not None

    emulator.stop()

    assert gone_within(child.pid, WITHIN_S)


def test_a_taken_port_is_named_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind((HOST, 0))
        holder.listen()
        port = holder.getsockname()[1]

        with pytest.raises(EmulatorError, match=f"Port {port}, .* is taken"):
            Emulator.start(tmp_path / "emulator", port=port)


def test_a_directory_serves_one_run_at_a_time_and_starts_clean(tmp_path: Path) -> None:
    directory = tmp_path / "emulator"
    (directory / "tmp").mkdir(parents=True)
    leftover = directory / "tmp" / "ministack-lambda-of-a-killed-run"
    leftover.touch()

    with Emulator.start(directory):
        assert not leftover.exists()
        with pytest.raises(EmulatorError, match="Another run uses"):
            Emulator.start(directory)

    with Emulator.start(directory) as again:
        assert again.client("sqs").list_queues().get("QueueUrls", []) == []


def test_an_emulator_shows_its_child_processes_nothing_of_the_users_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    with Emulator.start(tmp_path / "emulator") as emulator:
        environ = emulator.environ()

    assert "AWS_PROFILE" not in environ
    assert environ["HOME"].startswith(str(tmp_path))
    assert environ["AWS_ENDPOINT_URL"] == emulator.endpoint


def is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def gone_within(group: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not is_alive(group):
            return True
        time.sleep(0.05)
    return False
