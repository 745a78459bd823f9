import { BerthError } from "#base/errors.ts";
import {
  ensureDirectory,
  exists,
  listDirectory,
  readTextFile,
  readTextFileMaybe,
  writeFileAtomic,
} from "#host/files/files.ts";
import { AT_FDCWD } from "#host/kernel/linux.ts";
import { isRunning } from "#host/processes/process.ts";
import { removeTree } from "#host/tree/remove-tree.ts";
import { raw, SyscallError } from "#host/kernel/syscalls.ts";
import { parseRuntimeSpec } from "#spec/oci/runtime-json.ts";
import type { OciState, OciStatus, RuntimeSpec } from "#spec/oci/runtime.ts";
import { ociState } from "../hooks/oci-state.ts";
import type { PlanOutline } from "./launch-error.ts";

/**
 * Containers of the OCI runtime, on a tmpfs:
 *
 *   <root>/<id>/state.json     written when the container is created, again when it is started
 *   <root>/<id>/config.json    the configuration as it was then: later changes in the bundle have no effect (runtime.md)
 *   <root>/<id>/init/          the shim's directory of the container's process
 *   <root>/<id>/exec-<n>/      those of execs, while they last
 */
export interface StoredContainer {
  readonly id: string;
  readonly bundle: string;
  /** Of init on the host. */
  readonly pid: number;
  readonly startTicks: number;
  readonly cgroupPath: string;
  readonly started: boolean;
  readonly rootfs: string;
  readonly outline: PlanOutline;
  /** RFC 3339. */
  readonly created: string;
  readonly annotations: Readonly<Record<string, string>>;
}

const EEXIST = 17;
const maxConfigBytes = 16 << 20;

export class ContainerStore {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  directory(id: string): string {
    return `${this.#root}/${id}`;
  }

  /** Take an id. `invalid-parameter` for one that is no name, `already-exists` when it is in use. */
  reserve(id: string): string {
    checkId(id);
    ensureDirectory(this.#root, 0o711);
    const directory = this.directory(id);
    // Of two at once one alone makes it; the other must not take it away again when it gives up.
    const errno = -raw("mkdirat", AT_FDCWD, directory, 0o700);
    if (errno === EEXIST) throw new BerthError("already-exists", "container with given ID already exists");
    if (errno > 0) throw new SyscallError("mkdirat", errno, directory);
    return directory;
  }

  save(container: StoredContainer): void {
    writeFileAtomic(`${this.directory(container.id)}/state.json`, JSON.stringify(container), {
      mode: 0o600,
      durable: false,
    });
  }

  saveConfig(id: string, text: string): void {
    writeFileAtomic(`${this.directory(id)}/config.json`, text, { mode: 0o600, durable: false });
  }

  /** `not-found` "container does not exist". */
  load(id: string): StoredContainer {
    checkId(id);
    const text = readTextFileMaybe(`${this.directory(id)}/state.json`, 1 << 20);
    if (text === undefined) throw new BerthError("not-found", "container does not exist");
    return JSON.parse(text) as StoredContainer;
  }

  loadConfig(id: string): RuntimeSpec {
    return parseRuntimeSpec(readTextFile(`${this.directory(id)}/config.json`, maxConfigBytes));
  }

  async remove(id: string): Promise<void> {
    await removeTree(this.directory(id));
  }

  /** Ids, also of containers whose creation broke off. */
  ids(): readonly string[] {
    return listDirectory(this.#root).filter((name) => exists(`${this.directory(name)}/state.json`));
  }
}

function checkId(id: string): void {
  if (!/^[\w+\-.]+$/u.test(id) || id === "." || id === "..") {
    throw new BerthError("invalid-parameter", `invalid container ID format: ${JSON.stringify(id)}`);
  }
}

export function statusOf(container: StoredContainer): OciStatus {
  if (!isRunning(container)) return "stopped";
  return container.started ? "running" : "created";
}

/** {@link ociState} as it is now. */
export const currentState = (container: StoredContainer): OciState => ociState(container, statusOf(container));
