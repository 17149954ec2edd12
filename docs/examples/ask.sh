#!/usr/bin/env bash
# ask.sh DATABASE QUESTION: asks a connected database and prints the statement and the rows.
set -euo pipefail
api=$TAISHANG_URL/api/v1

call() { # PATH [arguments of curl]
  curl -sSN --fail-with-body "$api/$1" -H "Authorization: Bearer $TAISHANG_API_KEY" "${@:2}"
}

once() {
  echo "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)"
}

talk=$(call connections/ -G --data-urlencode "q=$1" | jq '{connection_id: .results[0].id}' |
  call conversations/ -H "$(once)" --json @- | jq -r .id)

event= message=
while IFS=' ' read -r field value; do
  case "$field $event" in
    "event: "*) event=$value ;;
    "data: snapshot") message=$(jq -r .message.id <<<"$value") ;;
    "data: step") jq -r .message <<<"$value" ;;
  esac
done < <(jq -n --arg content "$2" '{content: $content}' |
  call "conversations/$talk/messages/" -H "$(once)" --json @- -H "Accept: text/event-stream")

answer=$(call "messages/$message/")
jq -r '.metadata.sql, .content' <<<"$answer"
[ "$(jq -r .outcome <<<"$answer")" = answered ]
call "messages/$message/result/?limit=500" | jq -r '[.columns[].name], .rows[] | @csv'
