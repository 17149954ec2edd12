#!/usr/bin/env bash
# Signs in, lists the works, and saves a chapter that somebody else is writing too.
set -euo pipefail
api=$TAISHANG_URL/api/v1

pair=$(jq -n --arg login "$TAISHANG_LOGIN" --arg password "$TAISHANG_PASSWORD" '$ARGS.named' |
  curl -sS --fail-with-body "$api/auth/token/" --json @-)
headers=(
  -H "Authorization: Bearer $(jq -r .access <<<"$pair")"
  -H "X-Workspace-Id: $(jq -r '.workspaces[0].id' <<<"$pair")"
)

call() { # PATH [arguments of curl]
  curl -sS --fail-with-body "$api/$1" "${headers[@]}" "${@:2}"
}

once() { # a name for one deed, the same when it is repeated
  echo "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)"
}

save() { # REVISION AND TEXT THAT WERE READ, NEW TEXT, KIND: writes it, or joins it with what came between
  local revision=$1 base=$2 mine=$3 kind=$4 answer status merged
  answer=$(jq -n --arg content "$mine" --arg kind "$kind" '$ARGS.named' |
    curl -sS -w '\n%{http_code}' -X PATCH "$api/chapters/$chapter/" "${headers[@]}" \
      -H "If-Match: \"$revision\"" -H "$(once)" --json @-)
  status=${answer##*$'\n'} answer=${answer%$'\n'*}
  case $status in
    200) echo "saved as revision $(jq .revision <<<"$answer")" ;;
    412)
      merged=$(jq --arg base "$base" --arg mine "$mine" \
        '{base: $base, mine: $mine, theirs_revision: .current.revision}' <<<"$answer" |
        call "chapters/$chapter/merges/" --json @-)
      if [ "$(jq .clean <<<"$merged")" = true ]; then
        save "$(jq .revision <<<"$merged")" "$(jq -r .current.content <<<"$answer")" "$(jq -r .text <<<"$merged")" merge
      else
        jq -n --arg content "$mine" '{kind: "conflict", content: $content}' |
          call "chapters/$chapter/versions/" -H "$(once)" --json @- >/dev/null
        echo "both changed the same lines; yours is kept as a version" >&2
        return 1
      fi ;;
    *) echo "$answer" >&2; return 1 ;;
  esac
}

call "works/?limit=5" | jq -r '.results[].title'

work=$(call works/ -H "$(once)" --json '{"title": "The harbour"}' | jq -r .id)
text=$'The ship came in.\n\nNobody saw it.\n\nIt rained.'
chapter=$(jq -n --arg content "$text" '{title: "Arrival", content: $content}' |
  call "works/$work/chapters/" -H "$(once)" --json @- | jq -r .id)
read_at=$(call "chapters/$chapter/" | jq .revision)

save "$read_at" "$text" $'The ship came in at night.\n\nNobody saw it.\n\nIt rained.' manual
save "$read_at" "$text" $'The ship came in.\n\nNobody saw it.\n\nIt rained for days.' manual
call "chapters/$chapter/" | jq -r .content
