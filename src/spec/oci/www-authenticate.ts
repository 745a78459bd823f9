/**
 * Challenges of a `WWW-Authenticate` header. Source: RFC 9110 sections 11.2, 11.3 and 11.6.1. Scheme and parameter names
 * come out in lower case. What cannot be read is skipped.
 */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+/;
const PARAMETER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))/;
const MAX_LENGTH = 16 * 1024;

export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  let rest = header.slice(0, MAX_LENGTH);
  for (;;) {
    rest = rest.replace(/^[\s,]+/, "");
    if (rest === "") return challenges;
    const parameter = PARAMETER.exec(rest);
    const current = challenges.at(-1);
    if (parameter !== null && current !== undefined) {
      const name = (parameter[1] ?? "").toLowerCase();
      if (!Object.hasOwn(current.parameters, name)) {
        current.parameters[name] = parameter[2]?.replace(/\\(.)/g, "$1") ?? parameter[3] ?? "";
      }
      rest = rest.slice(parameter[0].length);
      continue;
    }
    const scheme = TOKEN.exec(rest);
    if (scheme === null) {
      rest = rest.slice(1);
      continue;
    }
    challenges.push({ scheme: scheme[0].toLowerCase(), parameters: Object.create(null) as Record<string, string> });
    rest = rest.slice(scheme[0].length);
  }
}
