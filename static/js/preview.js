// The settings page: the sample of text obeys what is being chosen, before and after it is saved.

const STYLES = {
  editor_font_family: (value) => ["font-family", `${value}, var(--font-prose)`],
  editor_font_size: (value) => ["font-size", `${value}px`],
  editor_line_height: (value) => ["line-height", value],
  editor_paragraph_spacing: (value) => ["--gap", `${value}px`],
};

export default function attach(preview) {
  const form = document.getElementById(preview.dataset.of);

  function apply(field) {
    const style = STYLES[field.name];
    if (style && field.validity.valid) preview.style.setProperty(...style(field.value));
    if (field.name === "editor_word_wrap") preview.toggleAttribute("data-nowrap", !field.checked);
  }

  for (const field of form.elements) apply(field);
  form.addEventListener("input", (event) => apply(event.target));
}
