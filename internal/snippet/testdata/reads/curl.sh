#!/bin/sh
# Calls Zoom as the caller reports, through Stagedoor. The secret is read from
# STAGEDOOR_CALLER_SECRET, or asked for. Secret and token go to curl by its
# standard input, so that no list of processes shows them. Needs curl 7.76 or newer.
set -eu
token_url='https://gate.example.com/oauth/token'
client_id='caller_r2d2'
url='https://gate.example.com/to/acme/v2/report/meeting_activities?from=2026-11-17&to=2026-11-23&activity_type=All%20Activities'

if [ -z "${STAGEDOOR_CALLER_SECRET:-}" ]; then
  [ -t 0 ] || { echo "Put the caller's secret into STAGEDOOR_CALLER_SECRET." >&2; exit 2; }
  trap 'stty echo; exit 130' INT TERM
  stty -echo
  printf 'Secret of the caller: ' >&2
  read -r STAGEDOOR_CALLER_SECRET
  stty echo
  trap - INT TERM
  echo >&2
fi

answer=$(printf 'user = "%s:%s"\n' "$client_id" "$STAGEDOOR_CALLER_SECRET" |
  curl -sS --fail-with-body -K - -d grant_type=client_credentials "$token_url") ||
  { printf '%s\n' "$answer" >&2; exit 1; }
token=$(printf '%s' "$answer" | sed -n 's/.*"access_token"[[:space:]]*:[[:space:]]*"\([^"]*\)".*/\1/p')

# The token lasts an hour: make further calls with it, not with a new one each.
printf 'Authorization: Bearer %s\n' "$token" |
  curl -sS --fail-with-body -H @- "$url"
