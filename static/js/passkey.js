// A form that is sent once the browser has made or shown a passkey. Where there are none it goes away.
// data-options holds what the server asks for, data-ask an address that answers it; data-create makes a new one.

const BINARY = ["challenge", "id", "rawId", "attestationObject", "clientDataJSON", "authenticatorData", "signature", "userHandle"];

function toBytes(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function toText(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function decoded(options) {
  const known = { ...options, challenge: toBytes(options.challenge) };
  if (options.user) known.user = { ...options.user, id: toBytes(options.user.id) };
  for (const list of ["allowCredentials", "excludeCredentials"]) {
    if (options[list]) known[list] = options[list].map((one) => ({ ...one, id: toBytes(one.id) }));
  }
  return known;
}

function encoded(credential) {
  const response = {};
  for (const name of BINARY) if (credential.response[name]) response[name] = toText(credential.response[name]);
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return {
    id: credential.id, rawId: toText(credential.rawId), type: credential.type, response,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

async function create(wanted) {
  const publicKey = decoded(wanted.creation_options.publicKey);
  publicKey.authenticatorSelection = {
    ...publicKey.authenticatorSelection, residentKey: "required", requireResidentKey: true, userVerification: "required",
  };
  return navigator.credentials.create({ publicKey });
}

async function show(wanted) {
  return navigator.credentials.get({ publicKey: decoded(wanted.request_options.publicKey) });
}

async function options(form) {
  if (form.dataset.options) return JSON.parse(form.dataset.options);
  const answer = await fetch(form.dataset.ask, { headers: { Accept: "application/json" } });
  return answer.json();
}

export default function attach(form) {
  form.hidden = !window.PublicKeyCredential;
  form.classList.remove("awaited");
  const failed = form.querySelector("[data-failed]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    failed.hidden = true;
    try {
      const wanted = await options(form);
      const credential = await ("create" in form.dataset ? create(wanted) : show(wanted));
      form.elements.credential.value = JSON.stringify(encoded(credential));
      form.submit();
    } catch {
      failed.hidden = false;
    }
  });
}
