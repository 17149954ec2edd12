// call.mjs QUESTION: asks a model, as OpenAI's clients do, and prints the answer as it is written.
const { TAISHANG_URL, TAISHANG_API_KEY, TAISHANG_MODEL = "@default" } = process.env;

const answer = await fetch(`${TAISHANG_URL}/api/openai/v1/chat/completions`, {
  method: "POST",
  headers: { Authorization: `Bearer ${TAISHANG_API_KEY}`, "Content-Type": "application/json" },
  body: JSON.stringify({
    model: TAISHANG_MODEL,
    messages: [{ role: "user", content: process.argv[2] }],
    stream: true,
    stream_options: { include_usage: true },
  }),
});
if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);

let rest = "";
for await (const bytes of answer.body.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + bytes).split("\n");
  rest = lines.pop();
  for (const line of lines) {
    if (!line.startsWith("data: ") || line === "data: [DONE]") continue;
    const piece = JSON.parse(line.slice(6));
    if (piece.error) throw new Error(piece.error.message);
    for (const choice of piece.choices) process.stdout.write(choice.delta.content ?? "");
    if (piece.usage) console.log(`\n${piece.usage.total_tokens} tokens`);
  }
}
