"""What is there when a worker is made is not searched for garbage again; what comes later is."""

from __future__ import annotations

import gc
import sys
import weakref

from cxstream.engine.interpreter import TURN_S, hasten, settle


class Round:
    """Something that holds on to itself."""

    def __init__(self) -> None:
        self.me = self


def test_only_what_comes_later_is_searched_for_garbage() -> None:
    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    try:
        before = Round()
        settle()
        assert sys.getswitchinterval() == TURN_S
        early, late = weakref.ref(before), weakref.ref(Round())
        del before
        gc.collect()
        assert early() is not None
        assert late() is None
        settle()  # the next worker of this process
        assert early() is None
    finally:
        gc.unfreeze()
        gc.set_threshold(*threshold)
        sys.setswitchinterval(interval)


def test_while_all_is_loaded_nobody_searches() -> None:
    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    try:
        hasten()
        assert not gc.isenabled()
        settle()
        assert gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()
        gc.set_threshold(*threshold)
        sys.setswitchinterval(interval)
