"""Which Kafka a folder's state was built from: offsets of one cluster mean nothing in another.

A worker that finds its folder full of another cluster's state would take rows of strangers for its own, as
soon as the new changelog has grown past the old one's end. So the folder says whose it is.
"""

from __future__ import annotations

from pathlib import Path

from cxstream.errors import StateError

_FILE = "kafka-cluster"


def belongs(folder: Path, cluster_id: str) -> None:
    """Write down whose state this folder holds, or hold it against what is written.

    Raises `StateError` when it is another cluster's: point the worker at its own Kafka or folder again, or
    delete the folder, and the state is read from the changelogs anew.
    """
    marked = folder / _FILE
    try:
        before = marked.read_text("utf-8").strip() if marked.exists() else ""
        if not before:
            marked.write_text(f"{cluster_id}\n", "utf-8")
            return
    except OSError as error:
        raise StateError(f"{marked} cannot be used ({error.strerror})") from error
    if before != cluster_id:
        raise StateError(
            f"the state in {folder} is of the Kafka cluster {before}, but the brokers are of {cluster_id}: set"
            " CXSTREAM_BROKERS or CXSTREAM_DATA_DIR right, or delete the folder, and the state is read from"
            " the changelogs anew"
        )
