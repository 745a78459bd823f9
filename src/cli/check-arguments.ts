import type { ArgumentRule } from "./command.ts";

export interface ArgumentComplaint {
  readonly sentence: string;
  /** docker-compat: it says "See" in one case and "Run" in the others. */
  readonly verb: "Run" | "See";
}

/** What is wrong with the number of arguments, in docker's words; `undefined` when nothing is. */
export function checkArguments(
  rule: ArgumentRule,
  args: readonly string[],
  commandPath: string,
): ArgumentComplaint | undefined {
  const count = args.length;
  const requires = (what: string): ArgumentComplaint => ({
    sentence: `'${commandPath}' requires ${what}`,
    verb: "Run",
  });
  switch (rule.kind) {
    case "none":
      return count === 0 ? undefined : { sentence: `'${commandPath}' accepts no arguments`, verb: "Run" };
    case "exactly":
      if (rule.unless !== undefined && args[0]?.startsWith(rule.unless) === true) return undefined;
      return count === rule.count ? undefined : requires(plural(rule.count));
    case "at-least":
      return count >= rule.count ? undefined : { ...requires(`at least ${plural(rule.count)}`), verb: "See" };
    case "at-most":
      return count <= rule.count ? undefined : requires(`at most ${plural(rule.count)}`);
    case "between":
      if (count >= rule.least && count <= rule.most) return undefined;
      return requires(`at least ${String(rule.least)} and at most ${plural(rule.most)}`);
  }
}

function plural(count: number): string {
  return `${String(count)} argument${count === 1 ? "" : "s"}`;
}
