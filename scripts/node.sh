#!/bin/sh
# Installs Node.js and npm, with which the tests use what Stagedoor meets in
# that world: the standard OAuth clients of npm and Salesforce's own tool for
# source projects, where this is root on Debian. Elsewhere it says what is
# missing, and those tests are skipped by name.
set -eu
missing=""
for program in node:nodejs npm:npm; do
  command -v "${program%%:*}" >/dev/null 2>&1 || missing="$missing ${program##*:}"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  # shellcheck disable=SC2086 # a list of packages
  if { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >/dev/null 2>&1; then
    exit 0
  fi
fi
echo "missing here, so the tests that need them are skipped:$missing"
