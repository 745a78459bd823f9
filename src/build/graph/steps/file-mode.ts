import { wrong } from "../../dockerfile/dockerfile-error.ts";
import type { FileMode } from "../types.ts";

const SYMBOLIC = /^[ugoa]*(?:[-+=](?:[rwxXst]*|[ugo]))+(?:,[ugoa]*(?:[-+=](?:[rwxXst]*|[ugo]))+)*$/;

/** `--chmod`: octal, or chmod(1)'s symbolic modes. */
export function parseFileMode(text: string): FileMode {
  if (/^[0-7]+$/.test(text) && Number.parseInt(text, 8) <= 0o7777) return Number.parseInt(text, 8);
  if (SYMBOLIC.test(text)) return { symbolic: text };
  throw wrong(
    `invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777`,
    "or words such as u=rwX,go=rX",
  );
}
