import { BerthError } from "#base/errors.ts";
import { quoteGo } from "#base/quote-go.ts";
import { readSubstitution } from "./substitution.ts";
import { WordReader, type ExpandOptions, type Lookup } from "./word-reader.ts";

export interface Expansion {
  readonly text: string;
  /** The text cut at blanks outside quotes, after the variables were put in. */
  readonly words: readonly string[];
  /** Names of variables that are set, and that are not. */
  readonly matched: ReadonlySet<string>;
  readonly unmatched: ReadonlySet<string>;
}

/**
 * A text with its variables put in and its quotes taken off: `$x`, `${x}`, `${x:-word}`, `${x-word}`, `${x:+word}`,
 * `${x+word}`, `${x:?word}`, `${x?word}`, `${x#pattern}`, `${x%pattern}`, `${x/pattern/word}` and their doubled forms. Source:
 * the Dockerfile reference, "Environment replacement". `invalid-parameter` in BuildKit's words for what is not closed.
 */
export function expandWord(source: string, lookup: Lookup, options: ExpandOptions): Expansion {
  const reader = new WordReader(source, lookup, options, readSubstitution);
  try {
    const { text, words } = reader.readUntil(undefined, { keepEscapes: options.keepEscapes ?? false, pattern: false });
    return { text, words, matched: reader.matched, unmatched: reader.unmatched };
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    throw new BerthError(error.kind, `failed to process ${quoteGo(source)}: ${error.message}`, { cause: error });
  }
}
