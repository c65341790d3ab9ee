#!/bin/sh
# Runs the packages whose code is concurrent under the race detector. It needs a
# C compiler, which is installed where this is root on Debian; elsewhere its
# absence is said, and the detector left out.
set -eu
if ! command -v "${CC:-cc}" >/dev/null 2>&1; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc libc6-dev
  else
    echo "no C compiler, so the race detector was left out (Debian: apt-get install gcc libc6-dev)"
    exit 0
  fi
fi
CGO_ENABLED=1 "${GO:-go}" test -race -short . ./token ./zoomsim ./internal/zoom ./internal/egress ./internal/sync ./internal/quota \
  ./internal/server ./internal/gateway ./internal/app ./internal/job ./internal/destination/postgres
