#!/usr/bin/env python3
# Calls Zoom as the caller rooms, through Stagedoor, with nothing but Python's
# standard library. The secret is read from STAGEDOOR_CALLER_SECRET, or asked for.
import base64
import getpass
import json
import os
import sys
import time
import urllib.error
import urllib.request

TOKEN_URL = "https://gate.example.com/oauth/token"
BASE_URL = "https://gate.example.com/to/acme"
CLIENT_ID = "caller_r2d2"


class Zoom:
    """One token serves all calls until it ends."""

    def __init__(self, client_secret):
        self._basic = base64.b64encode(f"{CLIENT_ID}:{client_secret}".encode()).decode()
        self._token, self._until = None, 0

    def call(self, method, path, body=None):
        """Returns the answer, or raises urllib.error.HTTPError."""
        try:
            return self._call(method, path, body)
        except urllib.error.HTTPError as refused:
            if refused.code != 401:
                raise
            self._token = None  # it was revoked before its time
            return self._call(method, path, body)

    def _call(self, method, path, body):
        headers = {} if body is None else {"Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        return send(urllib.request.Request(BASE_URL + path, data, headers, method=method), "Bearer " + self._access_token())

    def _access_token(self):
        if self._token is None or time.time() >= self._until:
            asked = time.time()
            granted = send(urllib.request.Request(TOKEN_URL, b"grant_type=client_credentials"), "Basic " + self._basic)
            self._token = granted["access_token"]
            self._until = asked + granted["expires_in"] * 0.9
        return self._token


def send(request, authorization):
    request.add_unredirected_header("Authorization", authorization)  # no redirect takes it elsewhere
    with urllib.request.urlopen(request, timeout=120) as answer:
        text = answer.read()
    return json.loads(text) if text else None


if __name__ == "__main__":
    try:
        secret = os.environ.get("STAGEDOOR_CALLER_SECRET") or getpass.getpass("Secret of the caller: ")
    except EOFError:
        sys.exit("Put the caller's secret into STAGEDOOR_CALLER_SECRET.")
    zoom = Zoom(secret)
    try:
        # Fill in {meetingId}.
        answer = zoom.call("PATCH", "/v2/meetings/{meetingId}", {})
    except urllib.error.HTTPError as refused:
        sys.exit(f"{refused.code}: {refused.read().decode(errors='replace')}")
    except urllib.error.URLError as failed:
        sys.exit(f"the gateway was not reached: {failed.reason}")
    print(json.dumps(answer, indent=2))
