import type { Json } from "#host/helpers/helper-protocol.ts";
import type { Helpers } from "#host/helpers/helper-pool.ts";
import { MNT_DETACH } from "#host/kernel/linux.ts";
import { raw } from "#host/kernel/syscalls.ts";
import { copyUp, type CopyUpRequest } from "./copy-up.ts";

/** One mount(2), and one more for the propagation unless that is 0. */
export interface MountCall {
  readonly device: string;
  readonly path: string;
  readonly type: string;
  readonly flags: number;
  readonly propagation: number;
  readonly data: string;
}

/** Mounts that a server elsewhere may keep waiting. */
export interface ShareMounts {
  /** The kernel's error number, 0 for none; ETIMEDOUT when nothing has come of it in time. */
  mount(call: MountCall): Promise<number>;
  /** Nobody sees it any more when this resolves; what was not written yet may still be on its way to the server. */
  unmount(path: string): Promise<void>;
  /** {@link copyUp}, into what is mounted. */
  copyUp(request: CopyUpRequest, scratch: string): Promise<void>;
}

export const SHARE_MOUNT_TASK = "share-mount";
export const SHARE_UNMOUNT_TASK = "share-unmount";
export const SHARE_COPY_UP_TASK = "share-copy-up";

/** A server that is away is tried by the kernel for minutes. */
const MOUNT_MS = 60_000;
const UNMOUNT_MS = 10_000;
/** errno(3) */
const ETIMEDOUT = 110;

/** {@link ShareMounts} in helper processes: one that waits in the kernel keeps nobody else from work, and can be killed. */
export class HelperShareMounts implements ShareMounts {
  readonly #helpers: Helpers;
  readonly #limitsMs: { readonly mount: number; readonly unmount: number };

  constructor(deps: {
    readonly helpers: Helpers;
    readonly limitsMs?: { readonly mount: number; readonly unmount: number };
  }) {
    this.#helpers = deps.helpers;
    this.#limitsMs = deps.limitsMs ?? { mount: MOUNT_MS, unmount: UNMOUNT_MS };
  }

  async mount(call: MountCall): Promise<number> {
    const errno = await this.#run(SHARE_MOUNT_TASK, { ...call }, this.#limitsMs.mount);
    return errno === undefined ? ETIMEDOUT : Number(errno);
  }

  async unmount(path: string): Promise<void> {
    await this.#run(SHARE_UNMOUNT_TASK, { path }, this.#limitsMs.unmount);
  }

  async copyUp({ volumePath, root, target }: CopyUpRequest, scratch: string): Promise<void> {
    const { upperDir, lowerDirs } = root;
    await this.#helpers.start(SHARE_COPY_UP_TASK, { volumePath, upperDir, lowerDirs, target, scratch }, () => {})
      .result;
  }

  /** Undefined when it was given up. */
  async #run(task: string, input: Json, limitMs: number): Promise<Json | undefined> {
    const run = this.#helpers.start(task, input, () => {});
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      run.abort();
    }, limitMs);
    try {
      // A process that hangs in the kernel is not gone when it is killed: it is not waited for.
      return await Promise.race([
        run.result,
        new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), limitMs + 1000).unref()),
      ]);
    } catch (error) {
      if (!isLate) throw error;
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The kernel's error number, 0 for none. */
export function carryOut({ device, path, type, flags, propagation, data }: MountCall): number {
  const result = raw("mount", device, path, type, flags, data);
  if (result < 0 || propagation === 0) return -result;
  const changed = raw("mount", null, path, null, propagation, null);
  if (changed < 0) raw("umount2", path, MNT_DETACH);
  return -changed;
}

export async function shareMountTask(input: Json): Promise<Json> {
  return carryOut(input as unknown as MountCall);
}

export async function shareUnmountTask(input: Json): Promise<Json> {
  return -raw("umount2", (input as { readonly path: string }).path, MNT_DETACH);
}

export async function shareCopyUpTask(input: Json): Promise<Json> {
  const { volumePath, upperDir, lowerDirs, target, scratch } = input as unknown as ShareCopyUp;
  copyUp({ volumePath, root: { upperDir, lowerDirs }, target }, scratch);
  return null;
}

type ShareCopyUp = Pick<CopyUpRequest, "volumePath" | "target"> & CopyUpRequest["root"] & { readonly scratch: string };
