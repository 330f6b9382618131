#!/bin/sh
# Says which interpreter to make the virtual environment with: PYTHON, where it is given, else python3.
# pyenv, and configure without --enable-optimizations, make interpreters that take a quarter longer over an event
# than a distribution's (docs/benchmarks.md): where python3 is such a one and the system's suits, the system's.
set -eu
system=${1:-/usr/bin/python3}
python=${PYTHON:-python3}
suits='import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))'
slow='
import sys, sysconfig
built = sysconfig.get_config_var("CONFIG_ARGS")
sys.exit(sys.base_prefix == "/usr" or not built or "--enable-optimizations" in built)'

if [ -z "${PYTHON:-}" ] && python3 -c "$slow" 2>/dev/null && "$system" -c "import ensurepip, venv; $suits" 2>/dev/null; then
    echo "setup: python3 here was built without optimisations; taking $system (PYTHON=python3 to keep it)" >&2
    python=$system
fi
"$python" -c "$suits" || {
    echo "setup: cxstream needs Python 3.11 to 3.13; $python is $("$python" -V 2>&1). Try: make setup PYTHON=python3.12" >&2
    exit 1
}
echo "$python"
