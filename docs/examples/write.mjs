// Signs in, lists the works, and saves a chapter that somebody else is writing too.
const { TAISHANG_URL, TAISHANG_LOGIN: login, TAISHANG_PASSWORD: password } = process.env;
const headers = { "Content-Type": "application/json" };

async function send(method, path, body, more = {}) {
  return fetch(`${TAISHANG_URL}/api/v1/${path}`, {
    method,
    headers: { ...headers, ...more },
    body: body && JSON.stringify(body),
  });
}

async function read(answer) {
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer.json();
}

// A name for one deed, the same when it is repeated.
const once = () => ({ "Idempotency-Key": crypto.randomUUID() });
const get = async (path) => read(await send("GET", path));
const post = async (path, body) => read(await send("POST", path, body, once()));

// Writes over the chapter as it was read, or joins with what came between. Gives the revision.
async function save(chapter, content, kind = "manual") {
  const path = `chapters/${chapter.id}/`;
  const seen = { "If-Match": `"${chapter.revision}"`, ...once() };
  const answer = await send("PATCH", path, { content, kind }, seen);
  if (answer.status !== 412) return (await read(answer)).revision;
  const { current } = await answer.json();
  const sides = { base: chapter.content, mine: content, theirs_revision: current.revision };
  const merged = await post(`${path}merges/`, sides);
  if (merged.clean) return save(current, merged.text, "merge");
  await post(`${path}versions/`, { kind: "conflict", content });
  throw new Error("both changed the same lines; yours is kept as a version");
}

const pair = await post("auth/token/", { login, password });
headers.Authorization = `Bearer ${pair.access}`;
headers["X-Workspace-Id"] = String(pair.workspaces[0].id);

for (const work of (await get("works/?limit=5")).results) console.log(work.title);

const work = await post("works/", { title: "The harbour" });
const text = "The ship came in.\n\nNobody saw it.\n\nIt rained.";
const chapter = await post(`works/${work.id}/chapters/`, { title: "Arrival", content: text });

for (const mine of [
  text.replace("came in.", "came in at night."),
  text.replace("rained.", "rained for days."),
]) {
  console.log("saved as revision", await save(chapter, mine));
}
console.log((await get(`chapters/${chapter.id}/`)).content);
