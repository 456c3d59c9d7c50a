"""Run the command in the arguments until stdin is closed, which the end of the parent does, however it comes."""

import os
import subprocess
import sys
import threading

child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)


def end_with_parent() -> None:
    """Ask the child to end when there is no more to read; nobody writes."""
    os.read(0, 1)
    child.terminate()


threading.Thread(target=end_with_parent, daemon=True).start()
sys.exit(child.wait())
