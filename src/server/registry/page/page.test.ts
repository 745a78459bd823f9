import { expect, test } from "bun:test";
import { html } from "./html.ts";
import { renderMarkdown } from "./markdown.ts";

/** Without the blanks that the formatter puts between tags. */
const tight = (text: string): string => text.replaceAll(/(?<=>|^|\d)\s+(?=<)|(?<=>)\s+/g, "");

test("values are escaped, markup and lists of it are not", () => {
  const items = ["<a>", "b&\"'"].map((item) => html`<li>${item}</li>`);
  const list = html`<ul title="${'"'}">
    ${items}${undefined}${false}${0}
  </ul>`;
  expect(tight(list.text)).toBe('<ul title="&quot;"><li>&lt;a&gt;</li><li>b&amp;&quot;&#39;</li>0</ul>');
});

test.each([
  ["# App", "<h3>App</h3>"],
  ["one\ntwo\n\nthree", "<p>one two</p><p>three</p>"],
  ["- a\n- `b`\n1. c", "<ul><li>a</li><li><code>b</code></li></ul><ol><li>c</li></ol>"],
  ["```sh\n<x>\n```", "<pre><code>&lt;x&gt;</code></pre>"],
  ["> said\n> so", "<blockquote>said so</blockquote>"],
  ["**a** *b* c", "<p><strong>a</strong><em>b</em>c</p>"],
  ["[x](https://a.b/c)", '<p><a href="https://a.b/c" rel="noreferrer nofollow">x</a></p>'],
  ["[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"],
  ["<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"],
  ['[x](https://a"onclick=)', '<p>[x](<a href="https://a" rel="noreferrer nofollow">https://a</a>&quot;onclick=)</p>'],
  ["---", "<hr />"],
])("%j as Markdown", (source, expected) => {
  expect(tight(renderMarkdown(source).text)).toBe(expected);
});
