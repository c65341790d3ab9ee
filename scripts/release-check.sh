#!/bin/sh
# Shows that a release can be repeated: two clones of this commit, in two
# folders, must give the same bytes.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for folder in one another/and-deeper; do
  git clone --quiet . "$work/$folder"
  (cd "$work/$folder" && "${GO:-go}" run ./release >/dev/null)
done
cmp "$work/one/dist/SHA256SUMS" "$work/another/and-deeper/dist/SHA256SUMS"
(cd "$work/one/dist" && sha256sum --check --quiet SHA256SUMS)
echo "the same bytes, twice:"
cat "$work/one/dist/SHA256SUMS"
