"""call.py QUESTION: asks a model, as OpenAI's clients do, and prints the answer as it is written."""

import json
import os
import sys

import httpx

body = {
    "model": os.environ.get("TAISHANG_MODEL", "@default"),
    "messages": [{"role": "user", "content": sys.argv[1]}],
    "stream": True,
    "stream_options": {"include_usage": True},
}
headers = {"Authorization": f"Bearer {os.environ['TAISHANG_API_KEY']}"}
address = f"{os.environ['TAISHANG_URL']}/api/openai/v1/chat/completions"
with httpx.stream("POST", address, json=body, headers=headers, timeout=120) as answer:
    answer.raise_for_status()
    for line in answer.iter_lines():
        if not line.startswith("data: ") or line == "data: [DONE]":
            continue
        piece = json.loads(line.removeprefix("data: "))
        if "error" in piece:
            raise SystemExit(piece["error"]["message"])
        for choice in piece["choices"]:
            print(choice["delta"].get("content") or "", end="", flush=True)
        if piece.get("usage"):
            print(f"\n{piece['usage']['total_tokens']} tokens")
