// A place to drop, paste or choose files. Wrong types and sizes are said before anything is sent.
// With data-upload each file goes there at once, with its own bar; without, the form around it sends them.

import { send } from "parts/upload";

export default function attach(drop) {
  const zone = drop.querySelector(".drop-zone");
  const input = drop.querySelector("input[type=file]");
  const list = drop.querySelector(".drop-files");
  const pattern = drop.querySelector("template");
  const limit = Number(drop.dataset.maxBytes || Infinity);
  const endings = (input.accept || "").split(",").map((part) => part.trim().toLowerCase()).filter(Boolean);

  function refusal(file) {
    const ending = endings.some((part) => part.startsWith(".") && file.name.toLowerCase().endsWith(part));
    const type = endings.some((part) => part === file.type || (part.endsWith("/*") && file.type.startsWith(part.slice(0, -1))));
    if (endings.length && !ending && !type) return drop.dataset.wrongType;
    return file.size > limit ? drop.dataset.tooLarge : "";
  }

  function row(file) {
    const item = pattern.content.firstElementChild.cloneNode(true);
    item.querySelector("[data-name]").textContent = file.name;
    item.querySelector("[data-size]").textContent = new Intl.NumberFormat(document.documentElement.lang, {
      style: "unit", unit: file.size < 1e6 ? "kilobyte" : "megabyte", maximumFractionDigits: 1,
    }).format(file.size / (file.size < 1e6 ? 1e3 : 1e6));
    list.append(item);
    return item;
  }

  function take(files) {
    if (!drop.dataset.upload) list.replaceChildren();
    let refused = false;
    for (const file of files) {
      const item = row(file);
      const reason = refusal(file);
      refused ||= Boolean(reason);
      item.querySelector("[data-reason]").textContent = reason;
      item.querySelector(".field-error").hidden = !reason;
      if (!reason && drop.dataset.upload) send(drop, item, file);
    }
    input.setCustomValidity(refused && !drop.dataset.upload ? drop.dataset.wrongType : "");
    drop.dispatchEvent(new CustomEvent("drop:chosen", { bubbles: true, detail: { files } }));
  }

  function receive(files) {
    const transfer = new DataTransfer();
    for (const file of input.multiple ? files : [...files].slice(0, 1)) transfer.items.add(file);
    input.files = transfer.files;
    take(transfer.files);
  }

  input.addEventListener("change", () => take(input.files));
  for (const name of ["dragenter", "dragover"]) {
    zone.addEventListener(name, (event) => { event.preventDefault(); zone.toggleAttribute("data-over", true); });
  }
  for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => zone.removeAttribute("data-over"));
  zone.addEventListener("drop", (event) => { event.preventDefault(); receive(event.dataTransfer.files); });
  drop.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) receive(event.clipboardData.files);
  });
  list.addEventListener("click", (event) => {
    if (!event.target.closest("[data-remove]") || drop.dataset.upload) return;
    input.value = "";
    take([]);
  });
}
