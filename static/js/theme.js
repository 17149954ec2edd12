// Shows a theme at once, while the choice is on its way to the server.

export default function attach(control) {
  control.addEventListener("change", (event) => {
    if (event.target.name === "theme") document.documentElement.dataset.theme = event.target.value;
  });
}
