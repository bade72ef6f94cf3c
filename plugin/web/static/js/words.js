// What scripts say, in the language of the page: the server sends the words along (web/words/scripts.py).

const words = JSON.parse(document.querySelector('meta[name="words"]').content);

/** A sentence with its values: `_("Taking in {n} of {all} photos …", { n, all })`. */
export function _(text, values = {}) {
  return (words[text] ?? text).replace(/\{(\w+)\}/g, (_whole, name) => values[name]);
}

/** A number as people write it where this page's language is spoken. */
export function number(n) {
  return n.toLocaleString(document.documentElement.lang);
}
