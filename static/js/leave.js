// Signing out forgets what this device keeps of the person; what was not sent yet is asked about first.

import { client } from "parts/sync";

export default function attach(form) {
  let sure = false;
  form.addEventListener("submit", async (event) => {
    if (sure || event.defaultPrevented) return;
    event.preventDefault();
    const anyway = "confirmed" in form.dataset;
    delete form.dataset.confirm;
    const left = (await (await client)?.leave({ anyway })) ?? [];
    if (left.length) form.dataset.confirm = form.dataset.unsent.replace("%s", left.length);
    else sure = true;
    form.requestSubmit(event.submitter);
  });
}
