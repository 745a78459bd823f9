import { formatPlatform, normalizePlatform, type Platform } from "#spec/oci/platform.ts";
import { isBerthError } from "#base/errors.ts";
import { expandWord } from "../dockerfile/words/expand-word.ts";
import type { ExpandOptions, Lookup } from "../dockerfile/words/word-reader.ts";

export interface StepNameOptions {
  readonly total: number;
  /** Empty when the stage is the only one. */
  readonly stage: string;
  /** Several platforms are built. */
  readonly showPlatform: boolean;
}

/** Names of one stage's steps, `[build 2/5] RUN make`, counted as they are made. */
export class StepNames {
  readonly #options: StepNameOptions;
  #made = 0;

  constructor(options: StepNameOptions) {
    this.#options = options;
  }

  next(text: string, platform: Platform, env: ReadonlyMap<string, string>, isOnbuild = false): string {
    const { total, stage, showPlatform } = this.#options;
    if (total === 0) return text;
    this.#made++;
    const width = String(total).length;
    const parts = [
      ...(showPlatform ? [formatPlatform(platform) + targetSuffix(platform, env)] : []),
      ...(stage === "" ? [] : [stage]),
      `${String(this.#made).padStart(width)}/${total}`,
    ];
    return `[${parts.join(" ")}] ${isOnbuild ? "ONBUILD " : ""}${text}`;
  }
}

/** `->arm64` for a stage that runs here and makes something for there. */
function targetSuffix(base: Platform, env: ReadonlyMap<string, string>): string {
  const [os, architecture, variant] = env.get("TARGETPLATFORM")?.split("/") ?? [
    env.get("TARGETOS"),
    env.get("TARGETARCH"),
    env.get("TARGETVARIANT"),
  ];
  if (os === undefined && architecture === undefined) return "";
  const target = normalizePlatform({
    os: os || base.os,
    architecture: architecture || base.architecture,
    ...(variant ? { variant } : {}),
  });
  if (target.os !== base.os) return `->${formatPlatform(target)}`;
  if (target.architecture === base.architecture) return "";
  return `->${target.architecture}${target.variant === undefined ? "" : `/${target.variant}`}`;
}

/** An instruction as progress shows it: its variables put in where that can be done, its name in upper case. */
export function shownInstruction(text: string, lookup: Lookup, options: ExpandOptions): string {
  const [name = "", ...rest] = expanded(text, lookup, options).split(" ");
  return [name.toUpperCase(), ...rest].join(" ");
}

function expanded(text: string, lookup: Lookup, options: ExpandOptions): string {
  try {
    return expandWord(text, lookup, options).text;
  } catch (error) {
    if (isBerthError(error)) return text;
    throw error;
  }
}
