// What a reply means for the operation that was sent.

export const DONE = "done"; // applied, now or by an earlier try
export const LATER = "later"; // the server or the way to it is away: try again
export const SIGN_IN = "sign-in"; // nobody is signed in any more
export const CONFLICT = "conflict"; // somebody changed the thing meanwhile: a person decides
export const PARKED = "parked"; // refused: kept and shown, never dropped

const PASSING = new Set([408, 425, 429]);

export async function judge(response) {
  const { status } = response;
  if (response.ok) return { verdict: DONE, data: await json(response), etag: response.headers.get("ETag") };
  const problem = (await json(response)) ?? { status, title: response.statusText };
  const retryAfter = response.headers.get("Retry-After");
  if (status === 401 || problem.code === "csrf_failed") return { verdict: SIGN_IN, problem };
  if (status === 412) return { verdict: CONFLICT, problem, etag: response.headers.get("ETag") };
  if (status >= 500 || PASSING.has(status)) return { verdict: LATER, problem, retryAfter };
  if (problem.code === "idempotency_in_progress") return { verdict: LATER, problem, retryAfter };
  return { verdict: PARKED, problem };
}

async function json(response) {
  try {
    return await response.json();
  } catch {
    return null;
  }
}
