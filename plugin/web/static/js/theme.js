// As the system has it, unless chosen otherwise. Kept in a cookie, so that the server renders it: no flash of the other.

const NEXT = { "": "dark", dark: "light", light: "" };
const WORDS = { "": "as the system has it", dark: "dark", light: "light" };
const button = document.getElementById("theme-button");

function label(theme) {
  button?.setAttribute("aria-label", `Light or dark: now ${WORDS[theme]}`);
  if (button) button.title = `Light or dark: now ${WORDS[theme]}`;
}

button?.addEventListener("click", () => {
  const theme = NEXT[document.documentElement.dataset.theme ?? ""] ?? "";
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  const age = theme ? 31536000 : 0;
  document.cookie = `iconface_theme=${theme}; Path=/; Max-Age=${age}; SameSite=Strict`;
  label(theme);
});
label(document.documentElement.dataset.theme ?? "");
