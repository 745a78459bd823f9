import { BerthError } from "#base/errors.ts";
import { kernelAtLeast, type KernelVersion } from "#host/facts/runtime-facts.ts";
import type { StepOf } from "#runtime/plan/ops.ts";
import type { IdMapping, IdMappings } from "#spec/oci/runtime.ts";
import { idMapText } from "./id-map-text.ts";

/** Directories of the host that a plan lays over each other. */
export interface Overlay {
  /** Topmost first; without `upper` at least two. */
  readonly lowerDirs: readonly string[];
  /** Takes what is written; undefined: read-only. */
  readonly upper: { readonly directory: string; readonly work: string } | undefined;
  readonly options: readonly string[];
  readonly attrSet: number;
  readonly target: string;
  /** Of the layers, whose owners are ids inside. */
  readonly mappings: IdMappings | undefined;
}

/** What a page holds with the NUL at its end: mount(2) copies no more. */
const mostDataBytes = 4095;

/** The fields that steps of overlays share. `not-implemented` for layers that this kernel takes no names of. */
export function overlayFields(overlay: Overlay, kernel: KernelVersion): Omit<StepOf<"root_overlay">, "op"> {
  const { lowerDirs, upper, options, attrSet, target, mappings = { uid: [], gid: [] } } = overlay;
  return {
    lower: lowerDirs,
    upper: upper?.directory ?? "",
    work: upper?.work ?? "",
    options,
    ...(kernelAtLeast(kernel, 6, 7) ? { base: "", data: "" } : mountData(overlay)),
    attrSet,
    target,
    idmapUid: idMapText(mappings.uid),
    idmapGid: idMapText(mappings.gid),
    ownerUid: outsideOfRoot(mappings.uid),
    ownerGid: outsideOfRoot(mappings.gid),
  };
}

const outsideOfRoot = (maps: readonly IdMapping[]): number =>
  maps.find(({ containerID }) => containerID === 0)?.hostID ?? 0;

/**
 * Before Linux 6.7 mount(2) takes the layers, all in one text; relative to the folder that they share, so that hundreds fit.
 * By the version, not by trying: every refused option of fsconfig(2) is a line in the kernel's log.
 */
function mountData({ lowerDirs, upper, options }: Overlay): { readonly base: string; readonly data: string } {
  const base = sharedFolder(lowerDirs);
  const data = [
    `lowerdir=${lowerDirs.map((path) => escaped(path.slice(base.length))).join(":")}`,
    ...(upper === undefined ? [] : [`upperdir=${escaped(upper.directory)}`, `workdir=${escaped(upper.work)}`]),
    ...options.map(quoted),
  ].join(",");
  if (Buffer.byteLength(data) > mostDataBytes)
    throw new BerthError(
      "not-implemented",
      `mount overlay: before Linux 6.7 its directories' names together take at most ${mostDataBytes} bytes`,
    );
  return { base, data };
}

/** The longest beginning, with its slash, that all have. */
function sharedFolder([first = "/", ...others]: readonly string[]): string {
  const parent = (path: string): string => path.slice(0, path.lastIndexOf("/", path.length - 2) + 1);
  let shared = parent(first);
  while (!others.every((path) => path.startsWith(shared))) shared = parent(shared);
  return shared;
}

/** Commas separate options, colons layers. */
const escaped = (path: string): string => path.replaceAll(/[\\,:]/gu, String.raw`\$&`);

/** An SELinux label has commas: it is put in quotes, which its parser alone takes off. */
const quoted = (option: string): string => (option.includes(",") ? option.replace(/=(.*)$/su, '="$1"') : option);
