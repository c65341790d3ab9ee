#!/bin/sh
# Says clearly what is missing where there is no Go that can build Stagedoor.
set -eu
if ! command -v "${GO:-go}" >/dev/null 2>&1; then
  echo "Go is missing: install Go 1.26 or newer from https://go.dev/dl and run this again." >&2
  exit 1
fi
