#!/bin/sh
# Makes the virtual environment that the Makefile works in. Usage: make-venv.sh PYTHON VENV
set -eu
python=$1
venv=$2

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "Counterfoil needs Python 3.11 or newer; '$python' is not. Say which one to use: make PYTHON=/path/to/python3.11" >&2
  exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  # Debian keeps the standard library's venv in a package of its own.
  package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Debian's $package ..."
    apt-get update -qq && apt-get install -y -qq "$package" >/dev/null
  else
    echo "Debian's package $package is missing. As root: apt-get install $package" >&2
    exit 1
  fi
fi
[ -x "$venv/bin/python" ] || { echo "Making $venv ..."; "$python" -m venv "$venv"; }
echo "Installing Counterfoil and its tools into $venv (about a minute on the first run) ..."
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable '.[client,server]' --group dev
