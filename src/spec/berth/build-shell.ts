import { decode, struct, text, uint16, type Decoded } from "../docker/schema.ts";

/** What a shell in a failed step's place is opened with. */
export type BuildShell = Decoded<typeof buildShell>;

const buildShell = struct("berth.BuildShell", {
  /** An image with a static /bin/busybox, for a place that has no shell. */
  tools: text,
  /** Of the terminal; 0 where that is not known. */
  rows: uint16,
  columns: uint16,
});

/** `invalid-parameter` for a property of the wrong type. */
export function decodeBuildShell(body: unknown): BuildShell {
  return decode(buildShell, body);
}
