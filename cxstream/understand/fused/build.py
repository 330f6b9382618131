"""Compiling fused steps and small networks for this kind of processor, once, and loading them.

`cxstream compile` (which `make setup` runs) needs a C++ compiler and takes some ten seconds. The library lies
beside its sources under a name that says of which sources, compiler flags and torch it was made, so another
one is never loaded by mistake; where it is not there, torch's steps and numpy's serve.
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import shutil
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

from cxstream.errors import ModelError

_log = logging.getLogger(__name__)

HERE: Final = Path(__file__).resolve().parent
LIMIT_S: Final = 300.0
"""What compiling may take on a busy machine."""

_COMPILERS: Final = ("c++", "g++", "clang++")
_FLAGS: Final = ("-std=c++20", "-O3", "-shared", "-fPIC", "-fno-math-errno", "-fno-trapping-math")
_X86: Final = ("-march=x86-64-v3",)
"""AVX2, FMA and what came with them, as x86 servers since 2015 have: an image may run on another machine."""
_HAS: Final = ("avx2", "fma3", "bmi", "bmi2", "lzcnt", "f16c")
"""Torch's names of it, as far as it knows them."""


def library(folder: Path = HERE) -> Path:
    """Where the library of these sources, for this torch and kind of processor, is or would be."""
    mark = hashlib.sha256("\0".join(_flags()).encode())
    for source in sorted((*HERE.glob("*.cpp"), *HERE.glob("*.h"))):
        mark.update(source.read_bytes())
    return folder / f"{_name()}{mark.hexdigest()[:12]}.so"


def compile_library(folder: Path = HERE) -> Path:
    """Compile it, unless it is there; where it lies. ModelError when that cannot be done here."""
    target = library(folder)
    if target.is_file():
        return target
    compiler = _compiler()
    import torch  # which many commands do without

    torch_at = Path(str(torch.__file__)).parent
    made = target.with_suffix(f".{os.getpid()}")
    command = [compiler, *_flags(), "-isystem", str(torch_at / "include")]
    command += [*map(str, sorted(HERE.glob("*.cpp")))]
    command += ["-o", str(made), f"-L{torch_at / 'lib'}", "-ltorch_cpu"]
    try:
        subprocess.run(  # noqa: S603 - the compiler, on our own source
            command, check=True, capture_output=True, text=True, timeout=LIMIT_S
        )
        made.replace(target)  # at once: another process may be starting
    except (OSError, subprocess.SubprocessError) as problem:
        said = getattr(problem, "stderr", None) or str(problem)
        raise ModelError(f"{compiler} could not compile {HERE}/*.cpp: {said}") from problem
    finally:
        with suppress(OSError):
            made.unlink(missing_ok=True)
    for old in folder.glob(f"{_name()}*.so"):
        if old != target:
            old.unlink(missing_ok=True)
    return target


def prepare() -> Path:
    """Compile it and load it; where it lies. What cannot be loaded (of a newer system, say) is made anew."""
    at = compile_library()
    if suits() and not loaded():
        at.unlink()
        loaded.cache_clear()
        at = compile_library()
        if not loaded():
            raise ModelError(f"{at} was compiled and cannot be loaded; the log says why")
    return at


@cache
def loaded() -> bool:
    """Whether the compiled functions are there in this process; of torch, for tensors in main memory."""
    try:
        import torch
    except ImportError:
        return False
    at = library()
    if not at.is_file() or not suits():
        return False
    try:
        torch.ops.load_library(at)  # type: ignore[no-untyped-call]
    except OSError as problem:
        _log.warning(
            "what was compiled cannot be loaded, torch's steps and numpy's serve: %s", problem
        )
        return False
    return True


def suits() -> bool:
    """Whether this processor has the instructions that the library is compiled for."""
    try:
        import torch
    except ImportError:
        return False
    has = torch.cpu.get_capabilities()
    return not _on_x86() or all(has.get(instructions) for instructions in _HAS)


def _name() -> str:
    """What libraries for this torch and kind of processor are called; others' are left alone."""
    import torch

    return f"fused-{platform.machine()}-torch{torch.__version__}-"


def _compiler() -> str:
    for name in (os.environ.get("CXX"), *_COMPILERS):
        if name and (found := shutil.which(name)):
            return found
    raise ModelError(
        "no C++ compiler here; install one (apt-get install g++), then cxstream compile"
    )


def _flags() -> tuple[str, ...]:
    return (*_FLAGS, *_X86) if _on_x86() else _FLAGS


def _on_x86() -> bool:
    return platform.machine() in ("x86_64", "AMD64")
