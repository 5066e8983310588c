#!/usr/bin/env bash
# Starts a PostgreSQL server for the tests in a given folder, on 127.0.0.1, and prints its address. A second run finds the first
# server; with `stop` as the second argument, it is stopped.
set -euo pipefail
folder=$1
action=${2:-start}
if ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q postgresql; } >/dev/null 2>&1
fi
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
as_postgres() { # the server refuses to run as root
  if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}
if [ "$(id -u)" = 0 ]; then
  # A separate folder per request, in a place that the server's user can access.
  folder=/var/tmp/condvest-postgres-$(echo "$folder" | cksum | cut -d' ' -f1)
fi
mkdir -p "$folder"
if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
if [ "$action" = stop ]; then
  as_postgres "$bin/pg_ctl" -D "$folder/data" -m fast stop >/dev/null
  exit 0
fi
if [ ! -f "$folder/data/PG_VERSION" ]; then
  as_postgres "$bin/initdb" -D "$folder/data" -U postgres -A trust >/dev/null
fi
if [ ! -f "$folder/port" ]; then
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' >"$folder/port"
fi
port=$(cat "$folder/port")
if ! as_postgres "$bin/pg_ctl" -D "$folder/data" status >/dev/null 2>&1; then
  as_postgres "$bin/pg_ctl" -D "$folder/data" -w -l "$folder/log" \
    -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=" start >/dev/null
fi
echo "postgres://postgres@127.0.0.1:$port/postgres"
