"""What Python does behind everybody's back, made to fit a worker: collecting garbage, and turns of threads.

A full search for cyclic garbage reads every object there is. With torch, playbooks and tables those are half
a million that never go away, and the event loop stands still for a quarter of a second. They are set aside
once, at start, and while they are made nobody searches at all. And who waits for the interpreter gets it after
`TURN_S`: by default a thread that scores keeps it five milliseconds from the event loop, whenever the loop
has sent something.
"""

from __future__ import annotations

import gc
import sys
from typing import Final

TURN_S: Final = 0.0005
YOUNG: Final = (5000, 20, 20)
"""New objects until the youngest are searched, and how often each age until the next."""


def hasten() -> None:
    """Look for no garbage while all is loaded, a tenth of a start, until `settle`; where nothing else runs."""
    sys.setswitchinterval(TURN_S)
    gc.disable()


def settle() -> None:
    """Set aside what is there by now, and only that; call it when everything is loaded."""
    sys.setswitchinterval(TURN_S)
    if gc.isenabled():
        gc.unfreeze()  # of the worker before, in a process that runs one after another
        gc.collect()
    # after `hasten` the garbage of loading stays, some 4 MB: a search would take longer than it is worth
    gc.freeze()
    gc.set_threshold(*YOUNG)
    gc.enable()
