/** What a run of a suite came to. */
export interface Counts {
  readonly passed: number;
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** The cases of a JUnit report: each fails by a child `failure` or `error`, is left out by `skipped`, and passes otherwise. */
export function countCases(report: string): Counts {
  const failed: string[] = [];
  const skipped: string[] = [];
  let passed = 0;
  for (const [, attributes = "", isEmpty, body = ""] of report.matchAll(
    /<testcase\b((?:\s+[\w:-]+="[^"]*")*)\s*(?:(\/)>|>([\s\S]*?)<\/testcase>)/g,
  )) {
    const name = unescaped(/\bname="([^"]*)"/.exec(attributes)?.[1] ?? "");
    if (isEmpty === undefined && /<(?:failure|error)\b/.test(body)) failed.push(name);
    else if (isEmpty === undefined && /<skipped\b/.test(body)) skipped.push(name);
    else passed += 1;
  }
  return { passed, failed, skipped };
}

function unescaped(text: string): string {
  return text.replaceAll(/&(?:#(\d+)|(\w+));/g, (whole, code?: string, word?: string) =>
    code === undefined ? (ENTITIES[word ?? ""] ?? whole) : String.fromCodePoint(Number(code)),
  );
}
