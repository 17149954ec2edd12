// Who else has the chapter open: told and asked while the page is looked at.

import { csrf } from "parts/session";

const EVERY_MS = 25_000;

export default function attach(place) {
  const names = place.querySelector("[data-names]");

  async function tell() {
    if (document.hidden || !place.isConnected) return;
    const headers = { "X-CSRFToken": csrf(), "Content-Type": "application/json" };
    const response = await fetch(place.dataset.path, { method: "PUT", headers, body: "{}" }).catch(() => null);
    const people = response?.ok ? (await response.json()).people : [];
    place.hidden = !people.length;
    names.textContent = people.join(", ");
  }

  tell();
  setInterval(tell, EVERY_MS);
  document.addEventListener("visibilitychange", tell);
}
