import { BerthError } from "#base/errors.ts";
import { jsonSyntaxError } from "../docker/json-syntax.ts";
import { decode, dict, struct, text } from "../docker/schema.ts";

/** What Berth says about volumes beyond the Engine API. */

/** One entry of `GET /berth/volumes/{name}/snapshots`. */
export interface VolumeSnapshot {
  readonly Name: string;
  /** RFC 3339 with nanoseconds. */
  readonly CreatedAt: string;
  /** Bytes of its files, holes left out; blocks that it shares with the volume count. */
  readonly Size: number;
}

/** Answer of `POST /berth/volumes/{name}/snapshots`. */
export interface VolumeSnapshotMade {
  readonly Name: string;
  /** Names of the containers that stood still meanwhile. */
  readonly Paused: readonly string[];
}

/** The query parameter `name`, a JSON object of texts. `invalid-parameter` for what is none. */
export function decodeTexts(name: string, json: string): Readonly<Record<string, string>> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new BerthError("invalid-parameter", `${name}: ${jsonSyntaxError(json)}`, { cause });
  }
  return decode(struct("query", { [name]: dict(text) }), { [name]: value })[name] ?? {};
}
