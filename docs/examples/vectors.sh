#!/usr/bin/env bash
# vectors.sh NAME: makes a collection, writes three rows, finds the nearest of one year.
set -euo pipefail

post() { # PATH, the body on standard input
  curl -sS --fail-with-body "$TAISHANG_URL/api/v1/$1" -H "Authorization: Bearer $TAISHANG_API_KEY" \
    -H "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" --json @-
}

collection=$(jq -n --arg name "$1" '{name: $name, dimension: 3}' | post collections/ | jq .id)

post "collections/$collection/upsert/" <<'ROWS' | jq -c .counts
{"rows": [
  {"id": "cat", "vector": [1, 0, 0], "payload": {"year": 2026}},
  {"id": "tiger", "vector": [0.9, 0.1, 0], "payload": {"year": 2025}},
  {"id": "ship", "vector": [0, 0, 1], "payload": {"year": 2026}}
]}
ROWS

post "collections/$collection/query/" <<'QUERY' | jq -r '(.matches[] | .id), "complete: \(.complete)"'
{"vector": [1, 0, 0], "top_k": 2, "filter": {"field": "year", "op": "eq", "value": 2026}}
QUERY
