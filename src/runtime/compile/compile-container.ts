import { BerthError, invalid } from "#base/errors.ts";
import type { RuntimeFacts } from "#host/facts/runtime-facts.ts";
import { mountAttr, propagation, type Join, type NamespaceKind, type Plan, type Step } from "#runtime/plan/ops.ts";
import { overlayOptions } from "#host/mounts/overlay-options.ts";
import type { RootMount } from "#snapshot/types.ts";
import type { IdMappings, Linux, RuntimeSpec, TimeOffset } from "#spec/oci/runtime.ts";
import type { Emulation } from "../emulation/emulators.ts";
import { deviceSteps } from "./device-steps.ts";
import { emulationSteps } from "./emulation-steps.ts";
import type { FilterCache } from "./filter-cache.ts";
import { contextOption } from "./mount-context.ts";
import { idMapText } from "./id-map-text.ts";
import { mountSteps, rootPropagation } from "./mount-steps.ts";
import { overlayFields, type Overlay } from "./overlay-fields.ts";
import { processSteps } from "./process-steps.ts";
import { refuseOverProc } from "./refuse-over-proc.ts";
import { sysctlSteps } from "./sysctl-steps.ts";

/** The container's root: a snapshot mounted inside its own mount namespace, or a directory of the host (OCI bundle). */
export type ContainerRoot = RootMount | { readonly kind: "bind"; readonly path: string };

/** Cgroups that exist by the time the process enters them; `Cgroup.entry` of host/cgroup. */
export interface CgroupEntry {
  readonly directory?: string;
  readonly procs: readonly string[];
}

/** A path of layers, mounted in the container. */
export interface OverlayMount extends Pick<Overlay, "lowerDirs" | "upper" | "target"> {
  /** In the layers; links are followed inside them. */
  readonly source: string;
}

export interface CompileInput {
  readonly id: string;
  readonly spec: RuntimeSpec;
  readonly root: ContainerRoot;
  readonly cgroup: CgroupEntry;
  /** Its cgroups are made only when the plan is on its way. */
  readonly awaitsCgroups?: boolean;
  /** The container's path below each hierarchy. */
  readonly cgroupPath: string;
  readonly facts: RuntimeFacts;
  readonly filters: FilterCache;
  /** A mount namespace without anything (`empty_mounts` of plan/ops.ts), for roots that nobody has to see from outside. */
  readonly emptyMounts?: string | undefined;
  /** chroot instead of pivot_root, where / is the initial ramfs. */
  readonly noPivot?: boolean;
  /** Stop at {@link hookPoint} before the host's mounts are left. */
  readonly hooks?: boolean;
  /** After that, still with the host's root: createContainer hooks. */
  readonly createContainer?: readonly Step[];
  /** Of overlays' layers, whose owners are the container's ids. */
  readonly rootMappings?: IdMappings;
  /** Made after the spec's mounts. */
  readonly overlays?: readonly OverlayMount[];
  /** Of other architectures' programs; needs a user namespace. */
  readonly emulation?: Emulation | undefined;
  /** Where hooks see the root on the host's side, instead of nowhere: a directory of the host. */
  readonly rootTarget?: string;
  /** Right before execve, as the process: startContainer hooks. */
  readonly startContainer?: readonly Step[];
  readonly newKeyring?: boolean;
  readonly findProgram?: boolean;
  readonly bundle?: string;
}

export interface Compiled {
  readonly plan: Plan;
  /** Sentences for the person: what was asked for and cannot be given on this machine. */
  readonly warnings: readonly string[];
}

/** `wait` point where the namespaces exist and everything is mounted, before pivot_root: prestart and createRuntime hooks. */
export const hookPoint = 1;

/** From an OCI configuration to a launch plan. Pure. `invalid-parameter` or `not-implemented` naming what cannot be done. */
export function compileContainer(input: CompileInput): Compiled {
  const { spec, facts } = input;
  const { process, linux = {} } = spec;
  if (process === undefined) throw invalid("the configuration has no process");
  if (linux.intelRdt !== undefined) throw new BerthError("not-implemented", "linux.intelRdt is not supported yet");
  const context = contextOption(linux, facts);
  const { kinds, create, join } = namespaces(linux, facts);
  const userNamespace = kinds.has("user");
  const emptyMounts = create.includes("mount") && !userNamespace ? emptyMountsFor(input) : undefined;
  const mounts = mountSteps(input);
  const body = processSteps({
    id: input.id,
    process,
    seccomp: linux.seccomp,
    facts,
    filters: input.filters,
    role: "init",
    newKeyring: input.newKeyring ?? true,
    findProgram: input.findProgram ?? false,
    beforeExec: input.startContainer ?? [],
    bundle: input.bundle ?? "",
    annotations: spec.annotations ?? {},
    userNamespace,
    ...(linux.personality === undefined ? {} : { personality: linux.personality }),
    ...(linux.memoryPolicy === undefined ? {} : { memoryPolicy: linux.memoryPolicy }),
  });
  const steps: Step[] = [
    emptyMounts === undefined
      ? // Binds are taken from the host's mounts themselves, so a shared one stays a peer of its source; the namespace's own
        // copies never are: pivot_root(2) refuses a shared parent, and the container's mounts must not appear on the host.
        { op: "namespace_propagation", propagation: propagation.slave | propagation.recursive }
      : { op: "empty_mounts", namespace: emptyMounts },
    rootStep(input, context),
    ...(input.awaitsCgroups === true ? [{ op: "await_cgroups" as const }] : []),
    ...mounts.steps,
    ...(input.overlays ?? []).map((overlay) => overlayStep(overlay, input, context)),
    ...deviceSteps(spec, userNamespace),
    ...emulationSteps(input.emulation),
    ...(input.hooks === true ? [{ op: "wait" as const, point: hookPoint }] : []),
    ...(input.createContainer ?? []),
    { op: "pivot_root", move: input.noPivot === true || emptyMounts !== undefined },
    ...rootModeSteps(spec),
    ...(create.includes("network") ? [{ op: "loopback_up" as const }] : []),
    ...identitySteps(spec, kinds),
    ...sysctlSteps(linux.sysctl ?? {}, kinds),
    ...body.early,
    ...pathSteps(linux.maskedPaths, (paths) => ({ op: "mask", paths, options: context })),
    ...pathSteps(linux.readonlyPaths, (paths) => ({ op: "readonly_paths", paths })),
    ...workingDirectorySteps(process.cwd),
    ...mounts.seal,
    ...(spec.root?.readonly === true
      ? [{ op: "mount_attrs" as const, path: "/", attrSet: mountAttr.readonly, attrClear: 0, recursive: false }]
      : []),
    ...body.late,
  ];
  const plan: Plan = {
    create: emptyMounts === undefined ? create : create.filter((kind) => kind !== "mount"),
    join,
    // docker-compat: those of a namespace that is joined are given too, and are its own already.
    uidMap: create.includes("user") ? idMapText(linux.uidMappings) : "",
    gidMap: create.includes("user") ? idMapText(linux.gidMappings) : "",
    ...timeOffsets(linux, create),
    cgroup: input.cgroup,
    steps,
    exec: body.exec,
  };
  return { plan, warnings: body.warnings };
}

/** Hooks see the host's mounts, or the root from there. Without rights over the host's namespaces none of them can be entered. */
function emptyMountsFor({ emptyMounts, hooks, createContainer, rootTarget }: CompileInput): string | undefined {
  const isSeen = hooks === true || (createContainer ?? []).length > 0 || rootTarget !== undefined;
  return isSeen ? undefined : emptyMounts;
}

/** Which are made and which are joined. */
function namespaces(
  linux: Linux,
  facts: RuntimeFacts,
): {
  readonly kinds: ReadonlyMap<string, string>;
  readonly create: readonly NamespaceKind[];
  readonly join: readonly Join[];
} {
  const given = linux.namespaces ?? [];
  const kinds = new Map(given.map((namespace) => [namespace.type, namespace.path ?? ""]));
  if (kinds.size !== given.length) throw invalid("a namespace type is given twice");
  if (!kinds.has("mount"))
    throw invalid("a container needs a mount namespace: without one its mounts would be made for everybody");
  if (Object.keys(linux.netDevices ?? {}).length > 0 && !kinds.has("network"))
    throw invalid("linux.netDevices need a network namespace");
  const mapped = (linux.uidMappings ?? []).length > 0 || (linux.gidMappings ?? []).length > 0;
  if (mapped && !kinds.has("user")) throw invalid("id mappings are given, but no user namespace");
  return {
    kinds,
    create: [...kinds].filter(([, path]) => path === "").map(([kind]) => namespaceKind(kind, facts)),
    join: [...kinds]
      .filter(([, path]) => path !== "")
      .map(([kind, path]): Join => ({ by: "path", kind: namespaceKind(kind, facts), path })),
  };
}

function rootStep({ root, rootTarget = "", rootMappings, facts }: CompileInput, context: readonly string[]): Step {
  if (root.kind !== "overlay") return { op: "root_bind", source: root.path, attrSet: 0, target: rootTarget };
  const overlay = {
    lowerDirs: root.lowerDirs,
    upper: { directory: root.upperDir, work: root.workDir },
    options: [...overlayOptions, ...context],
    attrSet: 0,
    target: rootTarget,
    mappings: rootMappings,
  };
  return { op: "root_overlay", ...overlayFields(overlay, facts.kernel) };
}

function rootModeSteps(spec: RuntimeSpec): readonly Step[] {
  const mode = rootPropagation(spec);
  if (mode === undefined) return [];
  return [{ op: "mount_propagation", path: "/", propagation: mode & ~propagation.recursive, recursive: false }];
}

function overlayStep(
  { source, ...mount }: OverlayMount,
  { rootMappings: mappings, facts }: CompileInput,
  context: readonly string[],
): Step {
  refuseOverProc(mount.target, "overlay");
  const options = [...(mount.upper === undefined ? [] : overlayOptions), ...context];
  const attrSet = mount.upper === undefined ? mountAttr.readonly : 0;
  return { op: "overlay", ...overlayFields({ ...mount, options, attrSet, mappings }, facts.kernel), source };
}

const known: ReadonlySet<string> = new Set(["pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"]);

function namespaceKind(kind: NamespaceKind, facts: RuntimeFacts): NamespaceKind {
  if (!known.has(kind)) throw invalid(`namespace type ${JSON.stringify(kind)} is not known`);
  const present = kind === "user" || kind === "cgroup" || kind === "time" ? facts.namespaces[kind] : true;
  if (!present) throw invalid(`this kernel has no ${kind} namespaces`);
  return kind;
}

function timeOffsets({ timeOffsets: offsets }: Linux, create: readonly NamespaceKind[]): Pick<Plan, "timeOffsets"> {
  if (offsets === undefined) return {};
  if (!create.includes("time")) throw invalid("timeOffsets need a new time namespace");
  const offset = (value: TimeOffset | undefined): { readonly seconds: number; readonly nanoseconds: number } => ({
    seconds: value?.secs ?? 0,
    nanoseconds: value?.nanosecs ?? 0,
  });
  return { timeOffsets: { monotonic: offset(offsets.monotonic), boottime: offset(offsets.boottime) } };
}

function identitySteps({ hostname, domainname }: RuntimeSpec, kinds: ReadonlyMap<string, string>): Step[] {
  const names: Step[] = [
    ...(hostname === undefined || hostname === "" ? [] : [{ op: "hostname" as const, name: hostname }]),
    ...(domainname === undefined || domainname === "" ? [] : [{ op: "domainname" as const, name: domainname }]),
  ];
  if (names.length > 0 && !kinds.has("uts")) throw invalid("unable to set hostname without a private UTS namespace");
  return names;
}

function pathSteps(paths: readonly string[] = [], step: (paths: readonly string[]) => Step): Step[] {
  for (const path of paths)
    if (!path.startsWith("/")) throw invalid(`masked and read-only paths must be absolute: ${JSON.stringify(path)}`);
  return paths.length === 0 ? [] : [step(paths)];
}

/** The working directory is made before a read-only root is sealed. */
function workingDirectorySteps(cwd: string): Step[] {
  return cwd === "/" ? [] : [{ op: "mkdir", path: cwd, mode: 0o755, uid: 0, gid: 0 }];
}
