#!/bin/sh
# Calls Zoom as the caller «line .Caller», through Stagedoor. The secret is read from
# STAGEDOOR_CALLER_SECRET, or asked for. Secret and token go to curl by its
# standard input, so that no list of processes shows them. Needs curl 7.76 or newer.
set -eu
token_url=«sh .TokenURL»
client_id=«sh .ClientID»
«- if .Call.Fill»
# Fill in «line .Call.ToFill»:
«- end»
url=«sh .URL»

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
«- if eq .Call.Method "GET"»
  curl -sS --fail-with-body -H @- "$url"
«- else if .Call.Reads»
  curl -sS --fail-with-body -X «.Call.Method» -H @- "$url"
«- else»
  curl -sS --fail-with-body -X «.Call.Method» -H @- -H 'Content-Type: application/json' -d '{}' "$url"
«- end»
