// ask.mjs DATABASE QUESTION: asks a connected database and prints the statement and the rows.
const [database, question] = process.argv.slice(2);
const { TAISHANG_URL, TAISHANG_API_KEY } = process.env;

async function call(path, body, accept = "application/json") {
  const headers = { Authorization: `Bearer ${TAISHANG_API_KEY}`, Accept: accept };
  if (body) {
    headers["Content-Type"] = "application/json";
    headers["Idempotency-Key"] = crypto.randomUUID();
  }
  const answer = await fetch(`${TAISHANG_URL}/api/v1/${path}`, {
    method: body ? "POST" : "GET",
    headers,
    body: body && JSON.stringify(body),
  });
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

const get = async (path) => (await call(path)).json();
const connection = (await get(`connections/?q=${encodeURIComponent(database)}`)).results[0];
const talk = await (await call("conversations/", { connection_id: connection.id })).json();

let message = "";
const path = `conversations/${talk.id}/messages/`;
for await (const [name, data] of events(await call(path, { content: question }, "text/event-stream"))) {
  if (name === "snapshot") message = data.message.id;
  if (name === "step") console.log(data.message);
}

const told = await get(`messages/${message}/`);
console.log(`${told.metadata.sql}\n${told.content}`);
if (told.outcome !== "answered") process.exit(1);
const page = await get(`messages/${message}/result/?limit=500`);
for (const row of [page.columns.map((column) => column.name), ...page.rows]) console.log(row.join(","));
