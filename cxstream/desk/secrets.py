"""Secrets by name, from the environment or from files, two valid at a time so that they can rotate.

`CXSTREAM_SECRET_TWILIO=new,old`, or a file `twilio` in `CXSTREAM_SECRETS_DIR` with one secret a line (as
Kubernetes and Docker mount them). A file is read again when it changes: rotate by writing the new secret
above the old one, and later take the old one out; no restart, no moment without service.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from pathlib import Path

from cxstream.errors import SettingsError

VALID_MAX = 2
"""How many secrets of one name hold at the same time: the new one and the one before."""


class Secrets:
    """Looks secrets up; its repr tells none."""

    def __init__(self, folder: Path | None = None, environ: Mapping[str, str] | None = None):
        self._folder = folder
        self._environ = os.environ if environ is None else environ
        self._read: dict[str, tuple[int, tuple[str, ...]]] = {}

    def valid(self, name: str) -> tuple[str, ...]:
        """The secrets that hold now, newest first; none when there are none of that name.

        Raises `SettingsError` when there are more than two, or a file cannot be read.
        """
        given = self._environ.get(self.variable(name))
        if given is not None:
            return _parts(name, given.split(","))
        if self._folder is None:
            return ()
        path = self._folder / name
        try:
            changed_ns = path.stat().st_mtime_ns
            known = self._read.get(name)
            if known is None or known[0] != changed_ns:
                known = changed_ns, _parts(name, path.read_text("utf-8").splitlines())
                self._read[name] = known
        except FileNotFoundError:
            return ()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"secret {name!r}: its file cannot be read") from error
        return known[1]

    def matches(self, name: str, offered: str) -> bool:
        """Whether `offered` is one of the valid ones, in a time that tells nothing."""
        tried = offered.encode("utf-8", "replace")
        return any(hmac.compare_digest(tried, one.encode()) for one in self.valid(name))

    @staticmethod
    def variable(name: str) -> str:
        """The variable of a secret: `twilio-uk` is `CXSTREAM_SECRET_TWILIO_UK`."""
        return "CXSTREAM_SECRET_" + name.upper().replace("-", "_")


def _parts(name: str, lines: list[str]) -> tuple[str, ...]:
    found = tuple(line.strip() for line in lines if line.strip())
    if len(found) > VALID_MAX:
        raise SettingsError(
            f"secret {name!r}: at most {VALID_MAX} hold at a time, the newest first"
        )
    return found
