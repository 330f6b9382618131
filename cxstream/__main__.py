"""`python -m cxstream` is `cxstream`."""

from cxstream.cli import main

main()
