// generate.mjs EXPORT.zip RESULT.zip: hands an export in, follows the job, fetches the back end.
import { readFile, writeFile } from "node:fs/promises";
import { basename } from "node:path";

const [source, target] = process.argv.slice(2);
const { TAISHANG_URL, TAISHANG_API_KEY } = process.env;

async function call(path, options = {}) {
  const headers = { Authorization: `Bearer ${TAISHANG_API_KEY}`, ...options.headers };
  const answer = await fetch(TAISHANG_URL + path, { ...options, headers });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer;
}

// The name and the data of each server-sent event.
async function* events(answer) {
  let rest = "";
  let name = "";
  for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith("event: ")) name = line.slice(7);
      if (line.startsWith("data: ")) yield [name, JSON.parse(line.slice(6))];
    }
  }
}

const form = new FormData();
form.set("upload", new Blob([await readFile(source)], { type: "application/zip" }), basename(source));
form.set("name", "By a program");
const once = { "Idempotency-Key": crypto.randomUUID() };
const job = await call("/api/v1/generation-jobs/", { method: "POST", headers: once, body: form });
const { links } = await job.json();

let state = "";
for await (const [name, data] of events(await call(links.stream))) {
  if (name === "progress") console.log(data.progress, "%", data.message);
  if (name === "end") state = data.state;
}
console.log(state);
if (state !== "succeeded") process.exit(1);

const found = await call(`${links.self}download/?what=project`);
await writeFile(target, Buffer.from(await found.arrayBuffer()));
