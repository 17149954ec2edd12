// vectors.mjs NAME: makes a collection, writes three rows, finds the nearest of one year.
const { TAISHANG_URL, TAISHANG_API_KEY } = process.env;

async function post(path, body) {
  const answer = await fetch(`${TAISHANG_URL}/api/v1/${path}`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${TAISHANG_API_KEY}`,
      "Content-Type": "application/json",
      "Idempotency-Key": crypto.randomUUID(),
    },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer.json();
}

const { id } = await post("collections/", { name: process.argv[2], dimension: 3 });
const { counts } = await post(`collections/${id}/upsert/`, {
  rows: [
    { id: "cat", vector: [1, 0, 0], payload: { year: 2026 } },
    { id: "tiger", vector: [0.9, 0.1, 0], payload: { year: 2025 } },
    { id: "ship", vector: [0, 0, 1], payload: { year: 2026 } },
  ],
});
console.log(counts);

const found = await post(`collections/${id}/query/`, {
  vector: [1, 0, 0],
  top_k: 2,
  filter: { field: "year", op: "eq", value: 2026 },
});
for (const match of found.matches) console.log(match.id);
console.log("complete:", found.complete);
