// Signing out forgets what this device keeps of the person; what was not sent yet is asked about first.

import { client } from "parts/sync";
import { unsent } from "studio/device";

export default function attach(form) {
  let sure = false;
  form.addEventListener("submit", async (event) => {
    if (sure || event.defaultPrevented) return;
    event.preventDefault();
    const anyway = "confirmed" in form.dataset;
    delete form.dataset.confirm;
    const chapters = anyway ? 0 : await unsent(document.body.dataset.user).catch(() => 0);
    const left = ((await (await client)?.leave({ anyway })) ?? []).length + chapters;
    if (left) form.dataset.confirm = form.dataset.unsent.replace("%s", left);
    else sure = true;
    form.requestSubmit(event.submitter);
  });
}
