import { quoteGo } from "#base/quote-go.ts";
import { wrong } from "../dockerfile-error.ts";
import { readDirective } from "../lines/directives.ts";
import type { LintOptions } from "../types.ts";

export const NO_LINT_OPTIONS: LintOptions = { skip: [], experimental: [], error: false };

/** The value of `# check=`: `skip=A,B;error=true;experimental=all`. `invalid-parameter` for anything else. */
export function parseLintOptions(text: string): LintOptions {
  let options = NO_LINT_OPTIONS;
  for (const part of text.trim() === "" ? [] : text.trim().split(";")) {
    const equals = part.indexOf("=");
    if (equals < 0) throw invalid(part);
    const key = part.slice(0, equals).trim();
    const value = part.slice(equals + 1).trim();
    if (key === "skip" || key === "experimental") options = { ...options, [key]: rulesOf(value) };
    else if (key === "error") options = { ...options, error: truth(value, part) };
    else throw invalid(key);
  }
  return options;
}

/** The file's options and those of a `# check=` comment right above an instruction. A wrong comment is only a comment. */
export function withComments(options: LintOptions, comments: readonly string[]): LintOptions {
  for (const comment of comments) {
    const directive = readDirective(comment);
    if (directive?.name !== "check") continue;
    try {
      const own = parseLintOptions(directive.value.split(" ", 1)[0] ?? "");
      return {
        skip: both(options.skip, own.skip),
        experimental: both(options.experimental, own.experimental),
        error: options.error,
      };
    } catch {
      return options;
    }
  }
  return options;
}

function both(one: LintOptions["skip"], other: LintOptions["skip"]): LintOptions["skip"] {
  return one === "all" || other === "all" ? "all" : [...one, ...other];
}

function rulesOf(value: string): LintOptions["skip"] {
  return value === "all" ? "all" : value.split(",").map((name) => name.trim());
}

function truth(value: string, part: string): boolean {
  if (/^(1|t|T|true|TRUE|True)$/.test(value)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(value)) return false;
  throw wrong(
    `failed to parse check option ${quoteGo(part)}: strconv.ParseBool: parsing ${quoteGo(value)}: invalid syntax`,
  );
}

function invalid(option: string): Error {
  return wrong(`invalid check option ${quoteGo(option)}`, "skip=, error= or experimental=");
}
