import { decimalSize } from "#base/units.ts";
import { html, type Html } from "./html.ts";

export function sizeText(bytes: number): string {
  return decimalSize(bytes, 3);
}

/** A moment, as people of any zone can read it, and programs too. */
export function moment(atMs: number): Html {
  const iso = new Date(atMs).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 16).replace("T", " ")} UTC</time>`;
}

export function shortDigest(digest: string): Html {
  return html`<code class="digest" title="${digest}">${digest.slice(digest.indexOf(":") + 1).slice(0, 12)}</code>`;
}

/** A command to be copied; the button shows itself where there is a clipboard. */
export function command(text: string): Html {
  return html`<div class="command">
    <code>${text}</code>
    <button type="button" class="plain" hidden data-copy="${text}" aria-label="Copy: ${text}">Copy</button>
  </div>`;
}

/** The parts of a name stay apart in an address. */
export function inPath(name: string): string {
  return name.split("/").map(encodeURIComponent).join("/");
}
