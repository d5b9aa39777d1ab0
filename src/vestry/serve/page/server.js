// What the server is asked, and what its refusals mean to whoever reads them.

const PATIENCE = 30_000; // milliseconds

export class Problem extends Error {
  constructor(text, again) {
    super(text);
    this.again = again; // whether the same picture may be answered later
  }
}

async function asked(path, options = {}) {
  let reply;
  try {
    reply = await fetch(path, { signal: AbortSignal.timeout(PATIENCE), ...options });
  } catch {
    throw new Problem("The server does not answer. See whether it still runs and can be reached, then try again.", true);
  }
  let body = null;
  try {
    body = await reply.json();
  } catch {
    if (reply.ok) throw new Problem("The server's answer cannot be read. Try again.", true);
  }
  if (reply.ok) return body;
  const reason = sentence(body?.error ?? `the server answered ${reply.status}`);
  if (reply.status === 503 || reply.status === 429) {
    throw new Problem(`The server is busy and took no more pictures in. Try again in a moment. (${reason})`, true);
  }
  if (reply.status === 413) throw new Problem(`The picture is too large. ${reason}`, false);
  throw new Problem(reason, reply.status >= 500);
}

function sentence(text) {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.?!]$/.test(whole) ? whole : `${whole}.`;
}

export const models = () => asked("/models");

export const samples = (slug) => asked(`/models/${encodeURIComponent(slug)}/samples`);

// photograph: whether its object is to be trimmed and centred; null leaves that to the model.
export function predict(slug, blob, photograph = null) {
  const type = ["image/png", "image/jpeg"].includes(blob.type) ? blob.type : "application/octet-stream";
  const query = new URLSearchParams({ model: slug, details: "1" });
  if (photograph !== null) query.set("photograph", photograph ? "1" : "0");
  return asked(`/predict?${query}`, { method: "POST", body: blob, headers: { "content-type": type } });
}
