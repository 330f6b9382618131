"""Listen: what arrives becomes a Fragment or a Control, with its bad parts named and its personal data gone.

Read in this order: decode.py (bytes to record), faults.py and mend.py (what is wrong with it, what can be
mended without guessing), clock.py (which time counts), redact.py (no personal data past the door), and the
readers of files: canonical.py, star.py, readers.py.
"""
