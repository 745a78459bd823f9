import { BerthError } from "#base/errors.ts";

/** Highest CPU or node number a list may name; the kernel's own limit is 8192. */
const highest = 8191;

/** `0-3,7` as a bit mask, little endian, a multiple of 8 bytes. `invalid-parameter` naming `what` for anything else. */
export function parseCpuList(text: string, what: string): Uint8Array {
  const bits = new Set<number>();
  for (const part of text.split(",")) {
    const match = /^\s*(\d+)(?:-(\d+))?\s*$/u.exec(part);
    const from = Number(match?.[1]);
    const to = match?.[2] === undefined ? from : Number(match[2]);
    if (match === null || to < from || to > highest)
      throw new BerthError("invalid-parameter", `${what} is not a list of numbers: ${JSON.stringify(text)}`);
    for (let number = from; number <= to; number++) bits.add(number);
  }
  const mask = new Uint8Array((Math.floor(Math.max(...bits) / 64) + 1) * 8);
  for (const number of bits) mask[number >> 3] = (mask[number >> 3] ?? 0) | (1 << (number & 7));
  return mask;
}
