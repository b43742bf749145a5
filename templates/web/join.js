// Optional help for the form to join: guess the time zone, solve the puzzle of a rush.
"use strict";

for (const field of document.querySelectorAll("[data-guess=timezone]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!field.value && zone && zone.includes("/")) field.value = zone;
}

// The answer makes the SHA-256 of token, address and answer begin with so many zero bits.
async function solve(question, bits) {
  const words = new TextEncoder();
  const batch = 256;
  for (let first = 0; ; first += batch) {
    const tries = Array.from({ length: batch }, (_, at) => String(first + at));
    const digests = await Promise.all(
      tries.map((answer) => crypto.subtle.digest("SHA-256", words.encode(question + answer)))
    );
    const at = digests.findIndex((digest) => new DataView(digest).getUint32(0) >>> (32 - bits) === 0);
    if (at >= 0) return tries[at];
  }
}

// Browsers only count over https, and on this machine.
const puzzles = globalThis.crypto?.subtle ? document.querySelectorAll("[data-bits]") : [];

for (const field of puzzles) {
  const form = field.form;
  let solving = false;
  for (const words of form.querySelectorAll("[data-without-script]")) words.remove();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (solving) return;
    solving = true;
    const button = form.querySelector("button");
    const said = button.textContent;
    // Not disabled, which would take the focus away from whoever is on it.
    button.setAttribute("aria-disabled", "true");
    button.textContent = "One moment …";
    const address = form.elements.address.value.trim();
    field.value = await solve(`${form.elements.form_token.value}:${address}:`, Number(field.dataset.bits));
    button.removeAttribute("aria-disabled");
    button.textContent = said;
    solving = false;
    form.submit();
  });
}
