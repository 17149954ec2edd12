"""Programs that ask a model of this platform, ready to be copied; the key stays in the environment."""

import json
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from taishang.views.highlighting import lines

KEY_VARIABLE = "TAISHANG_API_KEY"


@dataclass(frozen=True)
class Snippet:
    """One program in one language. `html` is the same, coloured."""

    key: str
    label: str
    name: str
    text: str

    @property
    def html(self) -> SafeString:
        return mark_safe("\n".join(lines(self.text, self.name)))  # noqa: S308 - escaped line by line


def chat(base_url: str, model: str, words: str) -> list[Snippet]:
    return [
        Snippet("curl", "curl", "ask.sh", _curl(base_url, "chat/completions", _talk(model, words))),
        Snippet("python", "Python", "ask.py", _python(base_url, model, words)),
        Snippet("javascript", "JavaScript", "ask.mjs", _javascript(base_url, model, words)),
    ]


def embedding(base_url: str, model: str, words: str) -> Snippet:
    body = {"model": model, "input": [words]}
    return Snippet("embedding", "curl", "embed.sh", _curl(base_url, "embeddings", body))


def _talk(model: str, words: str) -> dict[str, object]:
    return {"model": model, "stream": True, "messages": [{"role": "user", "content": words}]}


def _curl(base_url: str, path: str, body: object) -> str:
    # Within single quotes a shell takes everything as it is, but for the quote itself.
    data = json.dumps(body, ensure_ascii=False, indent=2).replace("'", "'\\''")
    return (
        f"curl --no-buffer {base_url}/{path} \\\n"
        f'  -H "Authorization: Bearer ${KEY_VARIABLE}" \\\n'
        f'  -H "Content-Type: application/json" \\\n'
        f"  -d '{data}'\n"
    )


def _python(base_url: str, model: str, words: str) -> str:
    return f"""import os
from openai import OpenAI

client = OpenAI(
    base_url={_quoted(base_url)},
    api_key=os.environ["{KEY_VARIABLE}"],
)
stream = client.chat.completions.create(
    model={_quoted(model)},
    messages=[{{"role": "user", "content": {_quoted(words)}}}],
    stream=True,
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
"""


def _javascript(base_url: str, model: str, words: str) -> str:
    return f"""import OpenAI from "openai";

const client = new OpenAI({{
  baseURL: {_quoted(base_url)},
  apiKey: process.env.{KEY_VARIABLE},
}});
const stream = await client.chat.completions.create({{
  model: {_quoted(model)},
  messages: [{{ role: "user", content: {_quoted(words)} }}],
  stream: true,
}});
for await (const chunk of stream) {{
  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
}}
"""


def _quoted(text: str) -> str:
    """A string as Python and JavaScript both read it."""
    return json.dumps(text, ensure_ascii=False)
