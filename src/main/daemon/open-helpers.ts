import { HelperPool } from "#host/helpers/helper-pool.ts";
import { HelperStreams } from "#host/helpers/helper-streams.ts";

/** Copies into and out of containers at a time; further ones wait. */
const FILE_HELPERS = 16;
const SHARE_HELPERS = 16;

export interface OpenHelpers {
  /** For work that ends by itself. */
  readonly pool: HelperPool;
  /** Apart from the others: how long they are busy is up to clients. */
  readonly files: HelperStreams;
  /** Those that wait for other machines. */
  readonly shares: HelperPool;
  close(): void;
}

export function openHelpers(cpus: number): OpenHelpers {
  const command = helperCommand();
  const pool = new HelperPool({ command, size: Math.max(2, cpus) });
  const filePool = new HelperPool({ command, size: FILE_HELPERS });
  const files = new HelperStreams({ helpers: filePool });
  const shares = new HelperPool({ command, size: SHARE_HELPERS });
  return {
    pool,
    files,
    shares,
    close() {
      pool.close();
      filePool.close();
      shares.close();
      files.close();
    },
  };
}

/** This program again, as a helper: compiled it is one file, from source the interpreter and the entry. */
function helperCommand(): readonly string[] {
  const entry = process.argv[1] ?? "";
  return entry.startsWith("/$bunfs/") ? [process.execPath, ".helper"] : [process.execPath, entry, ".helper"];
}
