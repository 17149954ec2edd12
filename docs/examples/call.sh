#!/usr/bin/env bash
# call.sh QUESTION: asks a model, as OpenAI's clients do.
set -euo pipefail

jq -n --arg model "${TAISHANG_MODEL:-@default}" --arg content "$1" \
  '{model: $model, messages: [{role: "user", content: $content}]}' |
  curl -sS --fail-with-body "$TAISHANG_URL/api/openai/v1/chat/completions" \
    -H "Authorization: Bearer $TAISHANG_API_KEY" --json @- |
  jq -r '.choices[0].message.content, "\(.usage.total_tokens) tokens"'
