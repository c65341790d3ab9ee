#!/bin/sh
# Runs the packages whose code is concurrent under the race detector, which
# needs a C compiler; says so where there is none.
set -eu
if ! command -v "${CC:-cc}" >/dev/null 2>&1; then
  echo "no C compiler, so the race detector was left out (Debian: apt-get install gcc libc6-dev)"
  exit 0
fi
CGO_ENABLED=1 "${GO:-go}" test -race -short . ./token ./zoomsim ./internal/zoom ./internal/egress ./internal/sync
