#!/bin/sh
# Installs PostgreSQL's server and PgBouncer for the tests that start their own, where this is
# root on Debian. Elsewhere it says what is missing, and those tests are skipped by name.
set -eu
missing="postgresql"
for folder in "" /usr/lib/postgresql/*/bin/ /opt/homebrew/opt/postgresql@*/bin/ /usr/local/opt/postgresql@*/bin/ /usr/pgsql-*/bin/; do
  if command -v "${folder}initdb" >/dev/null 2>&1 && command -v "${folder}postgres" >/dev/null 2>&1; then
    missing=""
  fi
done
# PgBouncer would be started where it is installed, which is nobody's wish on a machine that is more than a place for tests.
[ -d /run/systemd/system ] || command -v pgbouncer >/dev/null 2>&1 || [ -x /usr/sbin/pgbouncer ] || missing="$missing pgbouncer"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  # Nor should Debian make a cluster for everybody, and start it.
  mkdir -p /etc/postgresql-common/createcluster.d
  [ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.d/stagedoor-tests.conf
  # shellcheck disable=SC2086 # a list of packages
  if { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >/dev/null 2>&1; then
    exit 0
  fi
fi
echo "missing here, so the tests that need them are skipped: $missing"
