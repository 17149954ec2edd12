// Puts the demonstration's name and password into the form.

export default function attach(button) {
  button.addEventListener("click", () => {
    const form = document.querySelector("form:has([name=password])");
    form.elements.login.value = button.dataset.login;
    form.elements.password.value = button.dataset.password;
    form.querySelector(".button-primary").focus();
  });
}
