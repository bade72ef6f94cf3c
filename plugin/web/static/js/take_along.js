// A restored picture to take along: copied or shared, where the browser can.
import { toast } from "./toasts.js";
import { _ } from "./words.js";

const PICTURE = new File([], "picture.jpg", { type: "image/jpeg" });
const CAN = {
  "[data-share]": Boolean(navigator.canShare?.({ files: [PICTURE] })),
  "[data-copy-picture]": "ClipboardItem" in window && Boolean(navigator.clipboard?.write),
};

function offer() {
  for (const [kind, can] of Object.entries(CAN)) {
    if (can) for (const button of document.querySelectorAll(kind)) button.hidden = false;
  }
}

async function picture(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(answer.statusText);
  return answer.blob();
}

/** The same as PNG: nothing else can be put on every clipboard. */
async function png(url) {
  const bitmap = await createImageBitmap(await picture(url));
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}

document.addEventListener("click", async (event) => {
  const copied = event.target.closest?.("[data-copy-picture]")?.dataset.copyPicture;
  const shared = event.target.closest?.("[data-share]")?.dataset.share;
  try {
    if (copied) {
      await navigator.clipboard.write([new ClipboardItem({ "image/png": png(copied) })]);
      toast(_("The picture is copied."));
    } else if (shared) {
      await navigator.share({ files: [new File([await picture(shared)], "restored.jpg", { type: "image/jpeg" })] });
    }
  } catch (error) {
    if (error.name !== "AbortError") toast(_("The browser did not let that happen. Save a copy instead."), { kind: "error" });
  }
});
document.addEventListener("htmx:load", offer);
offer();
