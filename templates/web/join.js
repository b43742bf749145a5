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

for (const field of document.querySelectorAll("[data-bits]")) {
  const form = field.form;
  form.addEventListener("submit", async (event) => {
    if (field.value || !globalThis.crypto?.subtle) return;
    event.preventDefault();
    const button = form.querySelector("button");
    const said = button.textContent;
    button.disabled = true;
    button.textContent = "One moment …";
    const address = form.elements.address.value.trim();
    field.value = await solve(`${form.elements.form_token.value}:${address}:`, Number(field.dataset.bits));
    button.disabled = false;
    button.textContent = said;
    form.submit();
  });
}
