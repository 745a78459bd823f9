import { BerthError } from "#base/errors.ts";
import type { VolumeReference } from "./types.ts";

const SNAPSHOT_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;

/** Read `VOLUME` or `VOLUME@SNAPSHOT`; the volume's own name is checked by whoever looks for it. */
export function parseVolumeReference(text: string): VolumeReference {
  const at = text.indexOf("@");
  if (at < 0) return { volume: text, snapshot: undefined };
  return { volume: text.slice(0, at), snapshot: checkSnapshotName(text.slice(at + 1)) };
}

/** `invalid-parameter` unless it can name a snapshot. */
export function checkSnapshotName(name: string): string {
  if (SNAPSHOT_NAME.test(name)) return name;
  const why = 'only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed, 128 characters at most';
  throw new BerthError("invalid-parameter", `invalid name of a snapshot: ${JSON.stringify(name)}: ${why}`);
}
