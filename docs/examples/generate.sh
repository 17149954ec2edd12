#!/usr/bin/env bash
# generate.sh EXPORT.zip RESULT.zip: hands an export in, follows the job, fetches the back end.
set -euo pipefail
key=(-H "Authorization: Bearer $TAISHANG_API_KEY")

job=$(curl -sS --fail-with-body "$TAISHANG_URL/api/v1/generation-jobs/" "${key[@]}" \
  -H "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" \
  -F "upload=@$1;type=application/zip" -F "name=By a program")

event=
while IFS=' ' read -r field value; do
  case "$field $event" in
    "event: "*) event=$value ;;
    "data: progress") jq -r '"\(.progress) % \(.message)"' <<<"$value" ;;
    "data: end") state=$(jq -r .state <<<"$value") ;;
  esac
done < <(curl -sSN --fail-with-body "$TAISHANG_URL$(jq -r .links.stream <<<"$job")" "${key[@]}")
echo "$state"
[ "$state" = succeeded ]

curl -sS --fail-with-body -o "$2" "${key[@]}" \
  "$TAISHANG_URL$(jq -r .links.self <<<"$job")download/?what=project"
