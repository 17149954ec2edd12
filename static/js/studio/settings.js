// The page as its writer likes it: font, size, spacing; changed settings apply at once, wherever they were changed.

const RULES = {
  editor_font_family: (value) => ["--write-font", `"${value.replaceAll('"', "")}", var(--font-prose)`],
  editor_font_size: (value) => ["--write-size", `${value}px`],
  editor_line_height: (value) => ["--write-line", String(value)],
  editor_paragraph_spacing: (value) => ["--write-gap", `${value}px`],
};

export function dress(form) {
  const apply = (data) => {
    for (const [name, rule] of Object.entries(RULES)) {
      if (data[name] !== undefined) form.style.setProperty(...rule(String(data[name])));
    }
  };
  apply(JSON.parse(form.dataset.settings));
  document.addEventListener("settings", ({ detail }) => apply(detail));
}
