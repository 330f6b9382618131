#!/bin/sh
# Makes the virtual environment: exact versions from constraints.txt, cxstream itself in editable mode.
# The only large part is torch. Its Linux wheels on PyPI carry CUDA (gigabytes), so on a machine without
# an NVIDIA GPU the CPU build is tried first; where its index cannot be reached, the PyPI build serves.
set -eu
venv=${1:-.venv}
python=$(sh "$(dirname "$0")/python.sh")
backend=${TORCH_BACKEND:-auto}

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check "uv==$(sed -n 's/^uv==//p' constraints.txt)"
# Compiled once, here: where nobody may write beside the packages (an image, another user) each start would do it again.
install() { "$venv/bin/uv" pip install --quiet --compile-bytecode --python "$venv/bin/python" --constraint constraints.txt "$@"; }

if [ "$backend" = auto ] && command -v nvidia-smi >/dev/null 2>&1; then
    backend=pypi
elif [ "$backend" = auto ] && [ "$(uname -s)" = Linux ]; then
    backend=cpu
fi
torch="torch==$(sed -n 's/^torch==//p' constraints.txt)"
if [ "$backend" = cpu ]; then
    echo "setup: torch for CPU (TORCH_BACKEND=pypi for the CUDA build)"
    UV_HTTP_RETRIES=1 install --torch-backend cpu "$torch" 2>/dev/null || {
        echo "setup: the index of CPU builds cannot be reached; taking the larger build from PyPI" >&2
        install "$torch"
    }
else
    install "$torch"
fi
echo "setup: cxstream and its tools"
install --editable ".${EXTRAS-[train,test]}"
echo "setup: the encoder's steps and the small networks"
"$venv/bin/cxstream" compile || echo "setup: torch's steps and numpy's serve, which takes a good deal longer a text" >&2
