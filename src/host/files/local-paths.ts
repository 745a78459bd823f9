import { lstatSync, readdirSync, readlinkSync, realpathSync, statSync, type Stats } from "node:fs";
import { BerthError } from "#base/errors.ts";
import { errnoText } from "../kernel/errno.ts";
import { folderIdentity } from "./folder-identity.ts";

export type LocalKind = "directory" | "file" | "symlink" | "device" | "other";

/** What this machine's paths name; refusals are in Go's words, as docker prints them. */
export class LocalPaths {
  /** What a path is; undefined when there is nothing. With `follow` what a symlink leads to. */
  kind(path: string, follow: boolean): LocalKind | undefined {
    try {
      return kindOf(follow ? statSync(path) : lstatSync(path));
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw refused(follow ? "stat" : "lstat", path, error);
    }
  }

  readLink(path: string): string {
    try {
      return readlinkSync(path);
    } catch (error) {
      throw refused("readlink", path, error);
    }
  }

  /** The path with every symlink followed. */
  realPath(path: string): string {
    try {
      return realpathSync(path);
    } catch (error) {
      // docker-compat: evaluating a path that goes through a file names nothing.
      if (codeOf(error) === "ENOTDIR") throw new BerthError("invalid-parameter", "not a directory", { cause: error });
      throw refused("lstat", path.length > 1 ? path.replace(/\/$/, "") : path, error);
    }
  }

  /** See {@link folderIdentity}. */
  identity(path: string): string | undefined {
    return folderIdentity(path);
  }

  /** Names in a folder. */
  names(path: string): readonly string[] {
    return readdirSync(path);
  }
}

function kindOf(stats: Stats): LocalKind {
  if (stats.isDirectory()) return "directory";
  if (stats.isFile()) return "file";
  if (stats.isSymbolicLink()) return "symlink";
  return stats.isCharacterDevice() || stats.isBlockDevice() ? "device" : "other";
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function refused(verb: string, path: string, cause: unknown): BerthError {
  const errno = cause instanceof Error && "errno" in cause ? Math.abs(Number(cause.errno)) : 5;
  return new BerthError("invalid-parameter", `${verb} ${path}: ${errnoText(errno)}`, { cause });
}
