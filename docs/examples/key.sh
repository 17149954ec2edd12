#!/usr/bin/env bash
# Signs in, makes a key for programs in the first workspace, and prints it. It is shown this once.
set -euo pipefail
api=$TAISHANG_URL/api/v1

pair=$(jq -n --arg login "$TAISHANG_LOGIN" --arg password "$TAISHANG_PASSWORD" '$ARGS.named' |
  curl -sS --fail-with-body "$api/auth/token/" --json @-)

curl -sS --fail-with-body "$api/api-keys/" \
  -H "Authorization: Bearer $(jq -r .access <<<"$pair")" \
  -H "X-Workspace-Id: $(jq -r '.workspaces[0].id' <<<"$pair")" \
  --json '{
    "name": "examples",
    "scopes": [
      "model.use", "task.view", "generation.view", "generation.create",
      "connection.view", "connection.query", "conversation.view", "conversation.create",
      "vector.collection.view", "vector.collection.create", "vector.collection.query", "vector.rows.upsert"
    ]
  }' | jq -r .key
