/** Container, network and exec ids: 256 random bits in lower-case hex, as Docker's. Written short: the first 12 digits. */
const ID_LENGTH = 64;
const SHORT_ID_LENGTH = 12;

/**
 * A new random id. As in Docker, one whose short form reads as a decimal number is not used: it could be taken for a
 * host name or a number where the short id is shown.
 */
export function randomId(): string {
  for (;;) {
    const id = randomHex(ID_LENGTH / 2);
    if (!/^[0-9]+$/.test(id.slice(0, SHORT_ID_LENGTH))) return id;
  }
}

/** `bytes` random bytes as hex, for temporary names. */
export function randomHex(bytes: number): string {
  return crypto.getRandomValues(new Uint8Array(bytes)).toHex();
}

/** The form shown to people: without `sha256:`, 12 digits. */
export function shortId(id: string): string {
  const start = id.indexOf(":") + 1;
  return id.slice(start, start + SHORT_ID_LENGTH);
}

/** Could `text` be the beginning of an id? */
export function isIdPrefix(text: string): boolean {
  return text.length > 0 && text.length <= ID_LENGTH && /^[0-9a-f]+$/.test(text);
}
