#!/bin/sh
# Makes what docker-compose.yml reads from ./secrets: passwords, the URLs that hold them, and the admin token.
# Nothing that is there is made again.
set -eu
umask 077
mkdir -p secrets
random() { od -An -N 32 -tx1 /dev/urandom | tr -d ' \n'; }
for name in owner-password server-password admin-token; do
  [ -s "secrets/$name" ] || random >"secrets/$name"
done
url() { printf 'postgresql://counterfoil_%s:%s@postgres/counterfoil' "$1" "$(cat "secrets/$1-password")"; }
url owner >secrets/owner-url
url server >secrets/server-url
# The containers' users are not yours; whoever may read this folder may read these.
chmod 644 secrets/*
chmod 700 secrets
