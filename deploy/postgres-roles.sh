#!/bin/sh
# Run once by the PostgreSQL image on an empty volume: the role that servers connect as. What it may do is granted later,
# by `counterfoil db grant`.
set -eu
psql --set ON_ERROR_STOP=1 --set password="$(cat /run/secrets/server-password)" \
  --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE counterfoil_server LOGIN PASSWORD :'password';
SQL
