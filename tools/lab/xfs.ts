import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "./command.ts";
import { extractPackages } from "./extracted-packages.ts";

/** Debian's xfsprogs, unpacked into the cache. */
export function xfsProgramsDir(): Promise<string> {
  return extractPackages("xfsprogs", ["xfsprogs", "libinih1", "liburcu8"]);
}

export interface MountedXfs extends AsyncDisposable {
  readonly path: string;
}

/** A new xfs of 512 MiB, in a file of that many holes below `dir`, mounted there. It goes when it is disposed. */
export async function mountXfs(dir: string): Promise<MountedXfs> {
  const programs = await xfsProgramsDir();
  const [file, path] = [join(dir, "xfs.img"), join(dir, "xfs")];
  const libraries = `usr/lib/${process.arch === "x64" ? "x86_64" : "aarch64"}-linux-gnu`;
  await mustRun(["truncate", "-s", "512M", file]);
  await mustRun([join(programs, "sbin/mkfs.xfs"), "-q", file], { env: { LD_LIBRARY_PATH: join(programs, libraries) } });
  mkdirSync(path);
  await mustRun(["mount", "-o", "loop", file, path]);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await mustRun(["umount", path]);
      rmSync(file);
    },
  };
}
