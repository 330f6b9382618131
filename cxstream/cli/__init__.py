"""The `cxstream` command: arguments only. What each command does stands in the module it calls.

One file a group of commands; `main` puts them together.
"""

from cxstream.cli.main import app, main

__all__ = ["app", "main"]
