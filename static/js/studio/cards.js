// Who somebody is: a card over a name that the pointer rests on, and the same at the corner for Mod+I.

import { hoverTooltip } from "codemirror";

import { personAt } from "studio/names";

const REST_MS = 400;

// The server's card; without it what is known here.
async function fill(place, person, session) {
  place.textContent = [person.name, ...(person.aliases ?? [])].join(" · ");
  const path = `/studio/works/${session.form.dataset.work}/characters/${person.id}/card/`;
  const response = await fetch(path, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (response?.ok) place.innerHTML = await response.text();
}

export function cards(session) {
  return hoverTooltip(
    (view, at) => {
      const found = view.composing ? null : personAt(session, at);
      if (!found) return null;
      const create = () => {
        const dom = document.createElement("div");
        dom.className = "write-card";
        fill(dom, found.person, session);
        return { dom };
      };
      return { pos: found.from, end: found.to, above: true, create };
    },
    { hoverTime: REST_MS, hideOnChange: true },
  );
}

export function atCorner(session) {
  const place = session.form.querySelector("[data-person]");
  const found = personAt(session);
  place.hidden = !found;
  if (found) fill(place, found.person, session);
  return true;
}
