#!/bin/sh
# Installs the shells and small programs whose use the documents show, the proxy of
# docs/serve.md, and what checks the systemd units, for the tests that need them, where this is root on
# Debian. Elsewhere it says what is missing, and those tests are skipped by name.
set -eu
missing=""
for program in bash:bash zsh:zsh fish:fish python3:python3 curl:curl jq:jq sqlite3:sqlite3 mandoc:mandoc systemd-analyze:systemd; do
  command -v "${program%%:*}" >/dev/null 2>&1 || missing="$missing ${program##*:}"
done
# nginx would be started where it is installed, which is nobody's wish on a machine that is more than a place for tests.
[ -d /run/systemd/system ] || command -v nginx >/dev/null 2>&1 || missing="$missing nginx-light"
[ -e /usr/share/bash-completion/bash_completion ] || missing="$missing bash-completion"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  # shellcheck disable=SC2086 # a list of packages
  if { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >/dev/null 2>&1; then
    exit 0
  fi
fi
echo "missing here, so the tests that need them are skipped:$missing"
