#!/bin/sh
# Installs Debian's Chromium, in which tests look at the page, and a font, where this is
# root on Debian. Elsewhere it says what is missing, and those tests are skipped by name.
set -eu
command -v chromium >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  if { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } >/dev/null 2>&1; then
    exit 0
  fi
fi
echo "missing here, so the tests that look at the page are skipped: chromium"
