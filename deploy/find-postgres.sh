#!/bin/sh
# Says where the tests find PostgreSQL, 15 or newer; installs Debian's package when run as root. Never fails: the tests
# that want it are skipped without it, and say so.
set -eu

newest() {
  for initdb in /usr/lib/postgresql/*/bin/initdb; do
    [ -x "$initdb" ] || continue
    version=${initdb#/usr/lib/postgresql/}
    version=${version%%/*}
    [ "$version" -ge 15 ] 2>/dev/null && echo "$version"
  done | sort -n | tail -n 1
}

found=$(newest)
if [ -z "$found" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing Debian's postgresql ..."
  # The tests make clusters of their own; the package is not to start one.
  if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    mkdir -p /etc/postgresql-common
    echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
  fi
  if apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/dev/null 2>&1; then
    found=$(newest)
  fi
fi
if [ -n "$found" ]; then
  echo "ready: PostgreSQL $found"
else
  echo "skipped: PostgreSQL 15 or newer is not installed. As root: apt-get install postgresql"
fi
