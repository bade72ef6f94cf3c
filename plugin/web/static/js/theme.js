// As the system has it, unless chosen otherwise. Kept in a cookie, so that the server renders it: no flash of the other.
import { _ } from "./words.js";

const NEXT = { "": "dark", dark: "light", light: "" };
const WORDS = { "": _("as the system has it"), dark: _("dark"), light: _("light") };
const button = document.getElementById("theme-button");

function label(theme) {
  const words = _("Light or dark: now {theme}", { theme: WORDS[theme] });
  button?.setAttribute("aria-label", words);
  if (button) button.title = words;
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
