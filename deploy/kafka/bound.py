"""`python bound.py COMMAND...` becomes COMMAND, which then ends with its parent, even a killed one (Linux)."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            raise SystemExit("the parent is gone already")
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the caller's own command
