#!/usr/bin/env bash
# Make or update the environment in $VENV from $PYTHON. Called by make; safe to call again.
# PINS says which versions: "all" (the default: requirements.txt, and constraints.txt for what these bring), "direct"
# (requirements.txt alone: how constraints.txt is made) or "none" (the newest of everything: what the weekly run tries).
set -euo pipefail
PINS=${PINS:-all}

"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    echo "Lossbook needs Python 3.11 or newer; '$PYTHON' is $("$PYTHON" --version 2>/dev/null || echo 'not there')." >&2
    echo "Name another one: make book PYTHON=/path/to/python3.12" >&2
    exit 1
}
"$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || {
    echo "This Python cannot make virtual environments. On Debian and Ubuntu: sudo apt-get install python3-venv" >&2
    exit 1
}

# PyTorch no longer builds for Intel Macs, and pip would only say that it found no version.
if [ "$(uname -s)/$(uname -m)" = Darwin/x86_64 ]; then
    echo "PyTorch, which the chapters use, has no build for Macs with an Intel processor any more." >&2
    echo "Build the book in Linux instead, for instance in a container:" >&2
    echo '    docker run --rm -it -v "$PWD":/lossbook -w /lossbook python:3.12 make book VENV=.venv-linux' >&2
    echo "Without the book the package works: pip install '.[live]'" >&2
    exit 1
fi

# An environment whose Python has gone, or is too old, is made again.
"$VENV/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    echo "Making the environment in $VENV"
    rm -rf "$VENV"
    "$PYTHON" -m venv "$VENV"
}
pip() { "$VENV/bin/python" -m pip --disable-pip-version-check -qq "$@" --no-compile; }

requirements=(requirements.txt requirements-torch.txt)
case $PINS in
all) export PIP_CONSTRAINT=constraints.txt ;; # from the environment, so that it holds for what builds the package too
none)
    mkdir -p _build
    for file in "${requirements[@]}"; do sed 's/^\([A-Za-z0-9._-]*\)==.*/\1/; s/^jupyter-book$/jupyter-book<2/' "$file" >"_build/$file"; done
    requirements=("${requirements[@]/#/_build/}")
    ;;
esac

# Thousands of modules that nobody imports need not be compiled: Python compiles the others when they are first used.
echo "Installing the pinned packages (about a minute, once)"
pip install -r "${requirements[0]}" --editable .

# What sets formulas, their font and what searches, while PyTorch is installed. npm has come with the pins; nobody needs Node beforehand.
echo "Fetching Temml, its font and MiniSearch, and PyTorch for the CPU"
PATH="$PWD/$VENV/bin:$PATH" npm install --prefix "$VENV/share" --no-save --ignore-scripts --no-audit --no-fund \
    --loglevel=error temml@0.13.5 @fontsource/stix-two-math@5.3.0 minisearch@7.2.0 >/dev/null &

# On Linux the plain package brings gigabytes of CUDA, so offer PyTorch's CPU index as well: its 2.13.0+cpu counts as newer
# than the plain 2.13.0. Out of reach it costs a second or two.
PIP_RETRIES=0 PIP_DEFAULT_TIMEOUT=10 pip install -r "${requirements[1]}" \
    --extra-index-url https://download.pytorch.org/whl/cpu >/dev/null 2>&1 || pip install -r "${requirements[1]}"
wait $! # for npm; its failure is ours

"$VENV/bin/python" tools/open_as_notebooks.py
