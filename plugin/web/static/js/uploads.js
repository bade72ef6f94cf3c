// A photo that is dropped on any page, or chosen: sent as it is, one after the other, and then looked at.
import { inDialog } from "./keys.js";
import { toast } from "./toasts.js";
import { _ } from "./words.js";

const field = document.getElementById("upload-field");
const target = document.getElementById("drop");
const most = Number(field.dataset.most);

async function send(file) {
  if (file.size > most) {
    throw new Error(_("“{file}” is too large: at most {n} MB.", { file: file.name, n: Math.round(most / 1e6) }));
  };
  const answer = await fetch(`/uploads?name=${encodeURIComponent(file.name)}`, {
    method: "POST",
    body: file,
    headers: { "HX-Request": "true" }, // errors come as a sentence
  });
  if (!answer.ok) throw new Error(`“${file.name}”: ${(await answer.text()).trim()}`);
  return (await answer.json()).page;
}

async function take(files) {
  const pages = [];
  for (const [n, file] of files.entries()) {
    const all = files.length;
    toast(all > 1 ? _("Taking in {n} of {all} photos …", { n: n + 1, all }) : _("Taking in the photo …"));
    try {
      pages.push(await send(file));
    } catch (error) {
      const words = error instanceof TypeError ? _("The photo could not be sent. Please try again.") : error.message;
      toast(words, { kind: "error" });
      if (files.length === 1) return;
    }
  }
  if (pages.length > 0) location.assign(pages.length === 1 ? pages[0] : "/uploads");
}

document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-choose-file]")) return;
  event.preventDefault();
  field.click();
});
field.addEventListener("change", () => {
  const files = [...field.files];
  field.value = ""; // the same one may be chosen again
  take(files);
});

const hasFiles = (event) => event.dataTransfer?.types.includes("Files") && !inDialog();
document.addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "copy";
  target.hidden = false;
});
document.addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) target.hidden = true; // out of the window
});
document.addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  target.hidden = true;
  take([...event.dataTransfer.files]);
});
