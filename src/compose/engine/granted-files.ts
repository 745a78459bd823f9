import { BerthError } from "#base/errors.ts";
import { END_OF_ARCHIVE, encodeEntry, paddingOf } from "#spec/tar/encode-entry.ts";
import type { Grant } from "../model/build.ts";
import { placeOf } from "../load/check-consistency.ts";
import type { ConfigFile, Project, Service } from "../load/project.ts";
import { mistakeAt } from "../source/node.ts";

type Json = Readonly<Record<string, unknown>>;

/** A secret or configuration as a container sees it. */
export type GrantedFile =
  | { readonly kind: "mount"; readonly source: string; readonly target: string }
  | {
      readonly kind: "copy";
      readonly target: string;
      readonly content: Uint8Array;
      readonly uid: number;
      readonly gid: number;
      readonly mode: number;
    };

/** In permission bits: for everybody to read. */
const defaultMode = 0o444;

/**
 * What a service is granted. A file with no owner or mode of its own is mounted, so that it can change under the
 * container; everything else is written into it before its start, with the owner and mode that were asked for.
 *
 * `invalid-parameter` with the place for a file or variable that is not there, `not-implemented` for external ones, which only a swarm keeps.
 */
export function grantedFiles(
  service: Service,
  project: Project,
  readBytes: (path: string) => Uint8Array | undefined,
): readonly GrantedFile[] {
  const kinds = [
    { what: "secret", grants: service.secrets ?? [], files: project.secrets, folder: "/run/secrets/" },
    { what: "config", grants: service.configs ?? [], files: project.configs, folder: "/" },
  ] as const;
  return kinds.flatMap(({ what, grants, files, folder }) =>
    grants.map((grant) => {
      const file = files.get(grant.source);
      if (file === undefined) throw new BerthError("not-found", `undefined ${what} ${JSON.stringify(grant.source)}`);
      if (file.external)
        throw new BerthError("not-implemented", `unsupported external ${what} ${file.key}`, {
          hint: "Name a file, environment or content instead.",
        });
      const key = (["driver", "driver_opts", "template_driver"] as const).find((name) => file[name] !== undefined);
      if (key !== undefined)
        throw new BerthError("not-implemented", `${what} ${file.key}: ${key} is not supported: only a swarm has it`);
      const target = grant.target ?? grant.source;
      const path = target.startsWith("/") ? target : `${folder}${target}`;
      return grantedFile(what, grant, file, path, service, project, readBytes);
    }),
  );
}

function grantedFile(
  what: string,
  grant: Grant,
  file: ConfigFile,
  target: string,
  service: Service,
  project: Project,
  readBytes: (path: string) => Uint8Array | undefined,
): GrantedFile {
  const plain = grant.uid === undefined && grant.gid === undefined && grant.mode === undefined;
  if (file.file !== undefined && plain) return { kind: "mount", source: file.file, target };
  if (service.read_only === true)
    throw new BerthError(
      "invalid-parameter",
      `cannot create ${what} ${JSON.stringify(file.key)} in read-only service ${service.name}: a plain \`file\` is the sole supported option`,
    );
  return {
    kind: "copy",
    target,
    content: contentOf(what, file, project, readBytes),
    uid: ownerOf(grant.uid),
    gid: ownerOf(grant.gid),
    mode: grant.mode ?? defaultMode,
  };
}

function contentOf(
  what: string,
  file: ConfigFile,
  project: Project,
  readBytes: (path: string) => Uint8Array | undefined,
): Uint8Array {
  const refused = (key: string, sentence: string): Error =>
    mistakeAt(placeOf(project.source, [`${what}s`, file.key, key]), `${what}s.${file.key}: ${sentence}`);
  if (file.content !== undefined) return new TextEncoder().encode(file.content);
  if (file.environment !== undefined) {
    const value = project.environment.get(file.environment);
    if (value === undefined)
      throw refused(
        "environment",
        `environment variable ${JSON.stringify(file.environment)} required by ${what} ${JSON.stringify(file.key)} is not set`,
      );
    return new TextEncoder().encode(value);
  }
  const bytes = file.file === undefined ? undefined : readBytes(file.file);
  if (bytes === undefined)
    throw refused(
      "file",
      file.file === undefined
        ? "has neither a file, an environment nor content"
        : `open ${file.file}: no such file or directory`,
    );
  return bytes;
}

function ownerOf(written: string | undefined): number {
  if (written === undefined) return 0;
  if (!/^\d+$/u.test(written)) throw new BerthError("invalid-parameter", `not a number of a user or group: ${written}`);
  return Number(written);
}

export const grantedMounts = (files: readonly GrantedFile[]): readonly Json[] =>
  files.flatMap((file) =>
    file.kind === "mount" ? [{ Type: "bind", Source: file.source, Target: file.target, ReadOnly: true }] : [],
  );

/** The copied ones as an archive to be extracted at `/`; undefined when there are none. */
export function grantedArchive(files: readonly GrantedFile[]): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  for (const file of files) {
    if (file.kind !== "copy") continue;
    const header = encodeEntry({
      type: "file",
      name: Buffer.from(file.target.replace(/^\/+/u, "")).toString("latin1"),
      mode: file.mode,
      uid: file.uid,
      gid: file.gid,
      size: file.content.byteLength,
      linkName: "",
      mtime: { seconds: 0, nanoseconds: 0 },
      deviceMajor: 0,
      deviceMinor: 0,
      xattrs: undefined,
    });
    parts.push(header, file.content, new Uint8Array(paddingOf(file.content.byteLength)));
  }
  return parts.length === 0 ? undefined : Buffer.concat([...parts, END_OF_ARCHIVE]);
}
