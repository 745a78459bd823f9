import { wrong } from "../dockerfile-error.ts";

const WORDS: Readonly<Record<string, boolean>> = {
  "1": true,
  t: true,
  T: true,
  true: true,
  TRUE: true,
  True: true,
  "0": false,
  f: false,
  F: false,
  false: false,
  FALSE: false,
  False: false,
};

/** The words that Go's strconv.ParseBool takes. */
export function parseGoBool(key: string, value: string): boolean {
  const word = Object.hasOwn(WORDS, value) ? WORDS[value] : undefined;
  if (word === undefined) throw wrong(`invalid value for ${key}: ${value}`, "true or false");
  return word;
}
