#!/bin/sh
# Says whether a TPM in software is at hand for the tests of enrolment; installs Debian's packages when run as root. Never
# fails: the tests that want it are skipped without it, and say so.
set -eu

is_there() {
  command -v swtpm >/dev/null 2>&1 && command -v tpm2_quote >/dev/null 2>&1
}

if ! is_there && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing Debian's swtpm and tpm2-tools ..."
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq swtpm tpm2-tools; } >/dev/null 2>&1 || true
fi
if is_there; then
  echo "ready: a TPM in software"
else
  echo "skipped: no TPM in software is installed. As root: apt-get install swtpm tpm2-tools"
fi
