import type { Log } from "#base/log.ts";
import { openCgroups } from "#host/cgroup/open-cgroups.ts";
import type { CgroupManager } from "#host/cgroup/types.ts";
import { readRuntimeFacts, type RuntimeFacts } from "#host/facts/runtime-facts.ts";
import { openEmptyMounts } from "#host/mounts/empty-mounts.ts";
import { hasBinfmtMisc, readBinfmtHandlers } from "#host/processes/binfmt.ts";
import { findEmulator } from "#host/processes/emulator-program.ts";
import { openShimBinary } from "#host/shim/shim-binary.ts";
import { Emulators } from "#runtime/emulation/emulators.ts";
import type { ContainerContexts } from "#runtime/selinux/container-labels.ts";
import { NativeShimLauncher } from "#runtime/shim/launcher.ts";
import { ShimsAhead } from "#runtime/shim/shims-ahead.ts";
import { platformOfHost } from "#spec/oci/platform.ts";
import type { Layout } from "#state/layout.ts";
import type { DaemonSettings } from "./daemon-settings.ts";
import { openContainerProfile, type ContainerProfile } from "./open-apparmor.ts";
import { checkedContexts, labelTrees, readContainerContexts } from "./open-selinux.ts";

export interface OpenRuntime {
  readonly cgroups: CgroupManager;
  readonly facts: RuntimeFacts;
  readonly apparmor: ContainerProfile;
  /** What SELinux's policy says of containers, whether they are to have labels or not. */
  readonly contexts: ContainerContexts | undefined;
  /** The same, where containers have labels. */
  readonly selinux: ContainerContexts | undefined;
  readonly launcher: NativeShimLauncher;
  readonly emulators: Emulators;
  /** A mount namespace that has nothing, if there is one. */
  readonly emptyMounts: string | undefined;
  /** Before anything is started: labels and profiles. */
  prepare(): void;
  /** When the engine has recovered: monitors before they are asked for. */
  openAhead(): Promise<void>;
  closeAhead(): Promise<void>;
  /** After the last launch. */
  close(): void;
}

/** What processes are started with on this machine. */
export function openRuntime(settings: DaemonSettings, layout: Layout, log: Log): OpenRuntime {
  const cgroups = openCgroups();
  const facts = readRuntimeFacts(cgroups);
  const apparmor = openContainerProfile(facts, log);
  const contexts = readContainerContexts(facts);
  const selinux = settings.selinux ? checkedContexts(contexts, facts, log) : undefined;
  const shim = openShimBinary();
  const shimPath = (): string => shim.path;
  const emptyMounts = openEmptyMounts();
  const ahead = new ShimsAhead({ directory: layout.shimsAheadDir, shimPath, log });
  return {
    cgroups,
    facts,
    apparmor,
    contexts,
    selinux,
    launcher: new NativeShimLauncher({ shimPath, ahead }),
    emptyMounts: emptyMounts?.path,
    emulators: new Emulators({
      host: platformOfHost(process.arch),
      kernel: facts.kernel,
      handlers: readBinfmtHandlers,
      hasBinfmt: hasBinfmtMisc,
      configured: settings.emulators,
      find: findEmulator,
    }),
    prepare() {
      if (selinux !== undefined) labelTrees(layout, selinux.readOnlyFile);
      void apparmor.prepare();
    },
    openAhead: () => ahead.open(),
    closeAhead: () => ahead.close(),
    close() {
      emptyMounts?.close();
      shim.close();
    },
  };
}
