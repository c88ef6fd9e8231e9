"""A company's laptop: a proxy and an AWS profile that are currently unreachable, Node for
production, and no network at all where the kernel lets a user take it away."""

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence

#: what such a laptop sets for every command
SETTINGS = {
    "HTTP_PROXY": "http://127.0.0.1:9",  # nobody listens at the discard port
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "AWS_PROFILE": "left-with-its-owner",
    "AWS_REGION": "eu-north-1",
    "NODE_ENV": "production",
}

#: ioctls and flag of Linux' <linux/sockios.h>, <linux/if.h>
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1


def without_network(command: Sequence[str]) -> list[str]:
    """The command where only loopback can be reached; unchanged where that is not permitted."""
    alone = ["unshare", "--net", "--map-root-user", sys.executable, "-m", "tests.e2e.laptop"]
    if shutil.which("unshare") is None:
        return [*command]
    permitted = subprocess.run([*alone, "true"], capture_output=True, check=False).returncode == 0
    return [*alone, *command] if permitted else [*command]


def _bring_loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, struct.pack("16sH14x", b"lo", 0))
        _, flags = struct.unpack("16sH14x", asked)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


if __name__ == "__main__":
    _bring_loopback_up()
    os.execvp(sys.argv[1], sys.argv[1:])
