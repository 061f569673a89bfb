#!/usr/bin/env bash
# Make or update the environment in $VENV from $PYTHON. Called by make; safe to call again.
set -euo pipefail

"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    echo "Lossbook needs Python 3.11 or newer; '$PYTHON' is $("$PYTHON" --version 2>/dev/null || echo 'not there')." >&2
    echo "Name another one: make book PYTHON=/path/to/python3.12" >&2
    exit 1
}
"$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || {
    echo "This Python cannot make virtual environments. On Debian and Ubuntu: sudo apt-get install python3-venv" >&2
    exit 1
}

# An environment whose Python has gone, or is too old, is made again.
"$VENV/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    echo "Making the environment in $VENV"
    rm -rf "$VENV"
    "$PYTHON" -m venv "$VENV"
}
pip() { "$VENV/bin/python" -m pip --disable-pip-version-check -qq "$@" --no-compile; }

# Thousands of modules that nobody imports need not be compiled: Python compiles the others when they are first used.
echo "Installing the pinned packages (about a minute, once)"
pip install -r requirements.txt --editable .

# MathJax, served from our own site, while PyTorch is installed. npm has come with the pins; nobody needs Node beforehand.
echo "Fetching MathJax, and PyTorch for the CPU"
PATH="$PWD/$VENV/bin:$PATH" npm install --prefix "$VENV/share" --no-save --ignore-scripts --no-audit --no-fund \
    --loglevel=error mathjax@3.2.2 >/dev/null &

# On Linux the plain package brings gigabytes of CUDA, so ask PyTorch's CPU index first. Out of reach it costs a second
# or two, and the plain pin takes over.
PIP_RETRIES=0 PIP_DEFAULT_TIMEOUT=10 pip install -r requirements-torch.txt \
    --index-url https://download.pytorch.org/whl/cpu >/dev/null 2>&1 || pip install -r requirements-torch.txt
wait $! # for MathJax; its failure is ours

"$VENV/bin/python" tools/open_as_notebooks.py
