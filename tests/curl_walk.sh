#!/usr/bin/env bash
# curl alone walks a whole session against `sessions-console sandbox --port 0`:
# token, create, fingerprint, collect-data, challenge, complete, callback, GET, payment.
# Usage: tests/curl_walk.sh PATH-TO-sessions-console
set -euo pipefail

program=$1
work=$(mktemp -d)
cleanup() {
    kill "${sandbox:-}" "${listener:-}" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

say() { printf '%-14s %s\n' "$1" "$2"; }
fail() { printf 'FAILED: %s\n' "$1" >&2; exit 1; }
# The text member of a JSON object on standard input: member NAME.
member() { sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p" | head -n 1; }
# Waits until a file's first line is there.
first_line() {
    for _ in $(seq 1 200); do
        [ -s "$1" ] && head -n 1 "$1" && return
        sleep 0.05 # between two looks at one condition
    done
    fail "nothing in $1"
}
expect() { [ "$2" = "$3" ] || fail "$1: expected $3, got $2"; say "$1" "$2"; }

"$program" --data-dir "$work/a" sandbox --port 0 >"$work/sandbox" 2>"$work/sandbox.err" &
sandbox=$!
"$program" --data-dir "$work/b" listen --port 0 --json >"$work/listen" 2>"$work/listen.err" &
listener=$!
ready=$(first_line "$work/sandbox")
base=$(member base_url <<<"$ready")
callbacks=$(member base_url <<<"$(first_line "$work/listen")")
say sandbox "$base"

token=$(curl -sS -u "$(member client_id <<<"$ready"):$(member client_secret <<<"$ready")" \
    -d grant_type=client_credentials -d 'scope=sessions:browser gateway' "$(member token_url <<<"$ready")" | member access_token)
[ -n "$token" ] || fail "no token"
say token "${token:0:16}…"
api() { curl -sS -o "$work/body" -w '%{http_code}' -H "Authorization: Bearer $token" -H 'Content-Type: application/json' "$@"; }

expect create "$(api "$base/sessions" -d "{
    \"source\": {\"type\": \"card\", \"number\": \"4242424242424242\", \"expiry_month\": 6, \"expiry_year\": 2030},
    \"amount\": 6540, \"currency\": \"USD\", \"reference\": \"CURL-1\",
    \"completion\": {\"type\": \"non_hosted\", \"callback_url\": \"$callbacks/cb\"}}")" 202
sid=$(member id <"$work/body")
transaction=$(member transaction_id <"$work/body")

expect fingerprint "$(api -X PUT "$base/sessions/$sid/issuer-fingerprint" -d '{"three_ds_method_completion": "Y"}')" 200
expect collect-data "$(api -X PUT "$base/sessions/$sid/collect-data" -d '{
    "channel": "browser", "accept_header": "text/html", "java_enabled": false, "javascript_enabled": true,
    "language": "en-GB", "color_depth": "24", "screen_height": "1080", "screen_width": "1920", "timezone": "0",
    "user_agent": "curl", "ip_address": "203.0.113.7"}')" 200
expect status "$(member status <"$work/body")" challenged
acs=$(sed 's/.*"acs" *: *{\([^}]*\)}.*/\1/' "$work/body")
acs_url=$(member url <<<"$acs")
creq=$(printf '{"threeDSServerTransID":"%s","acsTransID":"%s","messageType":"CReq","messageVersion":"2.2.0","challengeWindowSize":"05"}' \
    "$transaction" "$(member transaction_id <<<"$acs")" | base64 -w0 | tr '+/' '-_' | tr -d =)

page=$(curl -sS "$acs_url" --data-urlencode "creq=$creq")
grep -q 'id="password"' <<<"$page" || fail "the bank's page asks for no password"
# Two forms carry it: the answer's, and the one that asks for another message.
interaction=$(grep -o 'name="interaction" value="[^"]*"' <<<"$page" | sed 's/.*value="//;s/"//;q')
handover=$(curl -sS "$acs_url" --data-urlencode "creq=$creq" -d "interaction=$interaction" --data-urlencode 'password=Checkout1!')
grep -q 'name="cres"' <<<"$handover" || fail "the bank hands no cres over"
say challenge "answered"

expect GET "$(api "$base/sessions/$sid")" 200
expect status "$(member status <"$work/body")" approved
expect complete "$(api -X POST "$base/sessions/$sid/complete")" 204
for _ in $(seq 1 200); do [ "$(wc -l <"$work/listen")" -ge 2 ] && break; sleep 0.05; done
callback=$(sed -n 2p "$work/listen")
grep -q "$sid" <<<"$callback" || fail "no callback of $sid: $callback"
say callback "$(member event <<<"$callback") of $sid"
expect GET "$(api "$base/sessions/$sid")" 200
grep -q '"completed":true' "$work/body" || fail "not completed"
expect payment "$(api "$base/payments" -d "{
    \"source\": {\"type\": \"card\", \"number\": \"4242424242424242\", \"expiry_month\": 6, \"expiry_year\": 2030},
    \"amount\": 6540, \"currency\": \"USD\", \"3ds\": {\"enabled\": true, \"authentication_id\": \"$sid\"}}")" 201
expect payment "$(member status <"$work/body")" Authorized
