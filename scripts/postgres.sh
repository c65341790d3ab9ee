#!/bin/sh
# Installs PostgreSQL's server, and psql, for the tests that start one of their own, where this
# is root on Debian. Elsewhere it says what is missing, and those tests are skipped by name.
# Debian would start a server at once, for everybody; nobody asked for that.
set -eu
for folder in "" /usr/lib/postgresql/*/bin/ /opt/homebrew/opt/postgresql@*/bin/ /usr/local/opt/postgresql@*/bin/ /usr/pgsql-*/bin/; do
  if command -v "${folder}initdb" >/dev/null 2>&1 && command -v "${folder}postgres" >/dev/null 2>&1; then
    exit 0
  fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  if { apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql-common; } >/dev/null 2>&1; then
    mkdir -p /etc/postgresql-common/createcluster.d
    echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.d/stagedoor-tests.conf
    if apt-get install -y -qq --no-install-recommends postgresql >/dev/null 2>&1; then
      exit 0
    fi
  fi
fi
echo "missing here, so the tests that need it are skipped: postgresql"
