"""Child processes that never outlive their parent, whatever ends it: return, Ctrl-C, even SIGKILL.

`start` runs a command under a small supervisor (this file, run as a script) in a process group of
its own. The supervisor watches its parent; once that has gone, it ends the group, grandchildren
included. PR_SET_PDEATHSIG does not suffice: it exists only on Linux, follows the thread that forked
rather than the process, and is not inherited.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

#: How long a child may run on after its parent, without its grace period.
WATCH_EVERY_S = 0.2
#: How long killed processes take to disappear, at most, on a busy machine.
LEAVE_WITHIN_S = 2.0
#: Linux's name for "orphans among my descendants become my children"; from sys/prctl.h.
PR_SET_CHILD_SUBREAPER = 36


def start(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path, grace_s: float
) -> subprocess.Popen[bytes]:
    """Start the command, its output appended to `log`. The exit code is the command's own.

    `grace_s`: the time between SIGTERM and SIGKILL when it must end.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-I", __file__, str(os.getpid()), str(grace_s), *command],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def run(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    log: Path,
    grace_s: float,
    timeout_s: float,
) -> int:
    """Run the command to its end and return its exit code; subprocess.TimeoutExpired if it takes
    longer than `timeout_s`, and then none of its processes is left."""
    child = start(command, cwd=cwd, env=env, log=log, grace_s=grace_s)
    try:
        return child.wait(timeout=timeout_s)
    finally:
        stop(child, grace_s=grace_s)


def stop(child: subprocess.Popen[bytes], *, grace_s: float) -> None:
    """End what `start` started, including all processes that it started itself."""
    child.terminate()
    try:
        child.wait(timeout=grace_s + 2 * LEAVE_WITHIN_S)
    except subprocess.TimeoutExpired:
        _signal_group(child.pid, signal.SIGKILL)
        child.wait()


def end_with_parent() -> None:
    """End this process once its parent has gone: after `make` is killed, no run is left behind.

    Only under make: a run in the background may outlive its shell.
    """
    if "MAKELEVEL" in os.environ:
        _watch(os.getppid(), lambda: os._exit(128 + signal.SIGTERM))


def _watch(parent: int, end: Callable[[], None]) -> None:
    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_EVERY_S)
        end()

    threading.Thread(target=watch, daemon=True).start()


class _Ended(Exception):
    """The supervisor must end its group."""


def _supervise(parent: int, grace_s: float, command: Sequence[str]) -> int:
    def on_sigterm(*_: object) -> None:
        raise _Ended

    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    child = None
    try:
        # A handler, not SIG_IGN, because ignored signals are inherited.
        signal.signal(signal.SIGTERM, on_sigterm)
        _watch(parent, lambda: os.kill(os.getpid(), signal.SIGTERM))
        child = subprocess.Popen(command)
        code = child.wait()
    except OSError as error:
        print(f"{command[0]} cannot be started: {error.strerror}.", file=sys.stderr)
        return 127
    except _Ended:
        code = -signal.SIGTERM
    signal.signal(signal.SIGTERM, lambda *_: None)  # the next one is for the other processes
    _signal_group(0, signal.SIGTERM)
    if child is not None:
        _await_or_kill(child, grace_s)
    _reap_or_kill()
    return code if code >= 0 else 128 - code


def _await_or_kill(child: subprocess.Popen[bytes], grace_s: float) -> None:
    try:
        child.wait(timeout=grace_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _reap_or_kill() -> None:
    """Grandchildren have got the SIGTERM already; if one ignores it, the whole group is killed."""
    deadline = time.monotonic() + LEAVE_WITHIN_S
    while time.monotonic() < deadline:
        try:
            gone, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return  # no process is left
        if not gone:
            time.sleep(0.01)
    _signal_group(0, signal.SIGKILL)


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return  # no process is left; macOS raises PermissionError if only a zombie is


if __name__ == "__main__":
    sys.exit(_supervise(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))
