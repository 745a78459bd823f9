import { html, type Html, type Piece } from "./html.ts";

/**
 * Markdown as READMEs mostly use it: headings, paragraphs, lists, quotes, fenced code, rules; in lines code, emphasis and links
 * to http(s). Everything else stays the text that it is; no markup of the author's comes through.
 */
export function renderMarkdown(source: string): Html {
  const lines = source.replaceAll("\r\n", "\n").split("\n");
  const blocks: Html[] = [];
  for (let at = 0; at < lines.length;) {
    const line = lines[at] ?? "";
    const taken = fence(lines, at) ?? list(lines, at) ?? quote(lines, at);
    if (taken !== undefined) {
      blocks.push(taken.block);
      at = taken.next;
      continue;
    }
    at += 1;
    const heading = /^(#{1,6})\s+(.+?)\s*#*$/.exec(line);
    if (heading !== null) blocks.push(headingOf((heading[1] ?? "").length, inline(heading[2] ?? "")));
    else if (/^\s*(?:-{3,}|\*{3,}|_{3,})\s*$/.test(line)) blocks.push(html`<hr />`);
    else if (line.trim() !== "") {
      const paragraph = [line];
      while (at < lines.length && isPlain(lines[at] ?? "")) paragraph.push(lines[at++] ?? "");
      blocks.push(html`<p>${inline(paragraph.join(" "))}</p>`);
    }
  }
  return html`${blocks}`;
}

interface Taken {
  readonly block: Html;
  readonly next: number;
}

function fence(lines: readonly string[], start: number): Taken | undefined {
  if (!/^\s*```/.test(lines[start] ?? "")) return undefined;
  let next = start + 1;
  while (next < lines.length && !/^\s*```/.test(lines[next] ?? "")) next += 1;
  return { block: html`<pre><code>${lines.slice(start + 1, next).join("\n")}</code></pre>`, next: next + 1 };
}

const ITEM = /^\s*(?:([-*+])|\d+[.)])\s+(.*)$/;

function list(lines: readonly string[], start: number): Taken | undefined {
  const first = ITEM.exec(lines[start] ?? "");
  if (first === null) return undefined;
  const items: Html[] = [];
  let next = start;
  for (; next < lines.length; next += 1) {
    const item = ITEM.exec(lines[next] ?? "");
    if (item === null || (item[1] === undefined) !== (first[1] === undefined)) break;
    items.push(html`<li>${inline(item[2] ?? "")}</li>`);
  }
  return {
    block:
      first[1] === undefined
        ? html`<ol>
            ${items}
          </ol>`
        : html`<ul>
            ${items}
          </ul>`,
    next,
  };
}

function quote(lines: readonly string[], start: number): Taken | undefined {
  let next = start;
  while (next < lines.length && /^\s*>/.test(lines[next] ?? "")) next += 1;
  if (next === start) return undefined;
  const text = lines.slice(start, next).map((line) => line.replace(/^\s*>\s?/, ""));
  return { block: html`<blockquote>${inline(text.join(" "))}</blockquote>`, next };
}

function isPlain(line: string): boolean {
  return line.trim() !== "" && !/^\s*(?:#{1,6}\s|```|>|[-*+]\s|\d+[.)]\s)/.test(line);
}

/** The page has a heading of the first and second order of its own. */
function headingOf(level: number, content: Piece): Html {
  return level === 1 ? html`<h3>${content}</h3>` : level === 2 ? html`<h4>${content}</h4>` : html`<h5>${content}</h5>`;
}

const MARKS =
  /`([^`]+)`|\[([^\]]+)\]\((https?:\/\/[^\s)"]+)\)|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|(https?:\/\/[^\s<>")]+)/;

function inline(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let rest = text;
  for (let match = MARKS.exec(rest); match !== null; match = MARKS.exec(rest)) {
    const [whole, code, label, address, strong, emphasis, bare] = match;
    pieces.push(rest.slice(0, match.index));
    if (code !== undefined) pieces.push(html`<code>${code}</code>`);
    else if (address !== undefined) pieces.push(html`<a href="${address}" rel="noreferrer nofollow">${label}</a>`);
    else if (strong !== undefined) pieces.push(html`<strong>${strong}</strong>`);
    else if (emphasis !== undefined) pieces.push(html`<em>${emphasis}</em>`);
    else pieces.push(html`<a href="${bare}" rel="noreferrer nofollow">${bare}</a>`);
    rest = rest.slice(match.index + whole.length);
  }
  pieces.push(rest);
  return pieces;
}
