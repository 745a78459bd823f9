import { wrong } from "../dockerfile-error.ts";
import type { LintOptions, LintWarning, SourceRange } from "../types.ts";
import { withComments } from "./lint-options.ts";
import { RULES, SENTENCES, type RuleKey } from "./rules.ts";

/** Where a rule looks: comments above an instruction may silence rules for it. */
export interface LintPlace {
  readonly range: SourceRange;
  readonly comments: readonly string[];
}

/** Collects findings, those alone that the file's options want. */
export class Linter {
  readonly #options: LintOptions;
  readonly #warnings: LintWarning[];

  constructor(options: LintOptions, found: readonly LintWarning[] = []) {
    this.#options = options;
    this.#warnings = [...found];
  }

  get warnings(): readonly LintWarning[] {
    return this.#warnings;
  }

  /** `at` is the place that is shown when it is not the one whose comments count. */
  report<K extends RuleKey>(
    key: K,
    place: LintPlace,
    args: Parameters<(typeof SENTENCES)[K]>,
    at: SourceRange = place.range,
  ): void {
    const rule = RULES[key];
    const { skip, experimental } = withComments(this.#options, place.comments);
    const has = (names: LintOptions["skip"]): boolean => names === "all" || names.includes(rule.name);
    if (rule.experimental ? !has(experimental) : has(skip)) return;
    const sentence = SENTENCES[key] as (...args: unknown[]) => string;
    const { name, description, url } = rule;
    this.#warnings.push({ rule: name, description, url, detail: sentence(...args), range: at });
  }

  /** `invalid-parameter` when the file wants findings to fail the build, and there are any. */
  check(): void {
    if (!this.#options.error || this.#warnings.length === 0) return;
    const names = [...new Set(this.#warnings.map(({ rule }) => rule))];
    throw wrong(`lint violation found for rules: ${names.join(", ")}`, "the Dockerfile says `# check=error=true`");
  }
}
