// The merge page says how many places still wait, and leads to the next one.

export default function attach(form) {
  const said = form.querySelector("[data-left]");
  const open = () => [...form.querySelectorAll("[data-hunk]")].filter((hunk) => !hunk.querySelector(":checked"));

  function count() {
    const left = open();
    for (const hunk of form.querySelectorAll(".merge-open")) hunk.classList.toggle("merge-open", left.includes(hunk));
    said.textContent = left.length ? form.dataset.left.replace("%s", left.length) : form.dataset.ready;
  }

  form.addEventListener("change", (event) => {
    const hunk = event.target.closest("[data-hunk]");
    if (event.target.matches("[data-edit]")) hunk.querySelector("textarea").focus();
    count();
  });
  // Writing in the field is choosing it.
  form.addEventListener("input", (event) => {
    if (!event.target.matches("textarea")) return;
    event.target.closest("[data-hunk]").querySelector("[data-edit]").checked = true;
    count();
  });
  count();
}
