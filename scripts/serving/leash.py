"""Run the command in the arguments until it ends or stdin does, and leave no process of its group behind.

The start script holds the other end of stdin and never writes: however it ends, this program learns of it.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

GRACE_SECONDS = 10.0
PR_SET_CHILD_SUBREAPER = 36


def main() -> int:
    if sys.platform == "linux":
        # Whose parent has ended becomes a child of this program, and not of a container's first process, which may
        # never wait for it: what is dead would count as left.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        print(f"cannot run {sys.argv[1]}: {error.strerror}", file=sys.stderr)
        return 127

    def send(number: int) -> bool:
        """Signal all of the group that is left; whether there was any."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, number)
            return True
        return False

    def stop(*_: object) -> None:
        send(signal.SIGTERM)
        late = threading.Timer(GRACE_SECONDS, send, [signal.SIGKILL])
        late.daemon = True
        late.start()

    def stop_at_the_end_of_stdin() -> None:
        os.read(0, 1)
        stop()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    threading.Thread(target=stop_at_the_end_of_stdin, daemon=True).start()
    status = child.wait()
    send(signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while send(0) and time.monotonic() < deadline:
        time.sleep(0.02)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    send(signal.SIGKILL)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
