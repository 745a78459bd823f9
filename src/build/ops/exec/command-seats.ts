import { messageOf } from "#base/errors.ts";
import { randomId } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import type { Cgroup, CgroupManager } from "#host/cgroup/types.ts";
import { ensureDirectory, readTextFileMaybe, writeFileAtomic } from "#host/files/files.ts";
import { AT_FDCWD, O_RDONLY } from "#host/kernel/linux.ts";
import { openRouteSocketIn } from "#host/netlink/open.ts";
import type { NetlinkSocket } from "#host/netlink/socket.ts";
import { removeTree } from "#host/tree/remove-tree.ts";
import type { FileStat } from "#host/kernel/stat.ts";
import { close, lstatMaybe, open } from "#host/kernel/syscalls.ts";
import { isUntouched } from "#network/sandbox/untouched.ts";
import type { Endpoint, NetworkService } from "#network/types.ts";
import type { Resources } from "#spec/oci/runtime.ts";
import { CGROUP_FILE } from "../../reconcile-builds.ts";

const MAX_COUNTERS_BYTES = 64 << 10;

export interface SeatDeps {
  readonly networks: Pick<NetworkService, "release">;
  readonly cgroups: CgroupManager;
  readonly paths: { buildRunDir(id: string): string };
  readonly log: Log;
}

/**
 * Where a command of a build runs: a place in a network with its namespace and the files that tell of it, and a control
 * group. Making and removing them is most of what a short command costs, so commands of one build hand theirs on, one after the other.
 *
 *   take() ──▶ taken ──▶ giveBack() ── as if nobody had been there ──▶ free ──▶ taken by the next …
 *                 │            └─ otherwise ──▶ released
 *                 └─ leave(): released
 *
 * Nobody had been there: no process is left, none was killed for want of memory, and no packet was sent, so no connection
 * lingers and no neighbour is known. A command without rights over its network (CAP_NET_ADMIN) can change nothing else of it.
 */
export class CommandSeats {
  readonly #deps: SeatDeps;
  readonly #free: CommandSeat[] = [];
  readonly #swept: Promise<void>[] = [];
  #isOver = false;

  constructor(deps: SeatDeps) {
    this.#deps = deps;
  }

  /** `plain`: one like all others of this build, in the default network, which may come from another and go to the next. */
  take(plain: boolean): CommandSeat {
    return (plain ? this.#free.pop() : undefined) ?? new CommandSeat(this.#deps, plain);
  }

  async giveBack(seat: CommandSeat): Promise<void> {
    if (!this.#isOver && seat.isAsNew()) this.#free.push(seat);
    else await seat.leave();
  }

  /** Take away what a command leaves beside its seat, while the next one is waited for. */
  sweep(id: string, directory: string): void {
    const turn = new Promise<void>((resolve) => setImmediate(resolve));
    this.#swept.push(turn.then(() => this.#cleanUp(id, () => removeTree(directory))));
  }

  /** Release those that are free; those that are taken are released when they come back. */
  async end(): Promise<void> {
    this.#isOver = true;
    for (const seat of this.#free.splice(0)) await this.#cleanUp(seat.id, () => seat.leave());
    await Promise.all(this.#swept.splice(0));
  }

  #cleanUp(id: string, act: () => Promise<void>): Promise<void> {
    return act().catch((error: unknown) =>
      this.#deps.log.error("could not clean up after a build step", { id, error: messageOf(error) }),
    );
  }
}

export class CommandSeat {
  /** Whose endpoint and control group these are. */
  readonly id = randomId();
  /** Set by who reserved it under {@link id}. */
  endpoint: Endpoint | undefined;
  readonly #deps: SeatDeps;
  readonly #dir: string;
  readonly #plain: boolean;
  #isKilled = false;
  /** Found so when the last command had ended. */
  #isEmpty = false;
  #namespace: { readonly fd: number; readonly inside: NetlinkSocket } | undefined;
  #cgroup: Cgroup | undefined;
  readonly #files = new Map<string, { readonly content: string; readonly stat: FileStat | undefined }>();

  constructor(deps: SeatDeps, plain: boolean) {
    this.#deps = deps;
    this.#plain = plain;
    this.#dir = deps.paths.buildRunDir(this.id);
  }

  /** Path of the namespace that the command before left; undefined: the command is to make one. */
  get networkNamespace(): string | undefined {
    return this.#namespace === undefined ? undefined : `/proc/${process.pid}/fd/${this.#namespace.fd}`;
  }

  /** The endpoint works in the namespace at `path`. */
  keepNamespace(path: string): void {
    if (!this.#plain) return;
    const fd = open(path, O_RDONLY);
    try {
      this.#namespace = { fd, inside: openRouteSocketIn(fd) };
    } catch (error) {
      close(fd);
      throw error;
    }
  }

  /** Path of a file for the command's /etc, which may change it: anew unless it is as it was written for the one before. */
  file(name: string, content: string): string {
    const path = `${this.#dir}/${name}`;
    const known = this.#files.get(name);
    if (known?.content === content && isAsWritten(path, known)) return path;
    ensureDirectory(this.#dir, 0o700);
    writeFileAtomic(path, content, { mode: 0o644, durable: false });
    this.#files.set(name, { content, stat: lstatMaybe(AT_FDCWD, path) });
    return path;
  }

  /** The same in every command of a seat: what a build says of limits holds for all of them. */
  cgroup(path: string, resources: Resources): Cgroup {
    if (this.#cgroup !== undefined) return this.#cgroup;
    ensureDirectory(this.#dir, 0o700);
    writeFileAtomic(`${this.#dir}/${CGROUP_FILE}`, path, { mode: 0o600, durable: false });
    this.#cgroup = this.#deps.cgroups.create(path, resources);
    return this.#cgroup;
  }

  /**
   * SIGKILL what is left in the control group. Where there was something the seat is nobody's any more: in a group that was
   * once killed at a stroke (cgroup.kill), Linux 6.18 kills whatever is cloned into it later, too.
   */
  async kill(): Promise<void> {
    if (this.#cgroup === undefined) return;
    this.#isEmpty = this.#cgroup.pids().length === 0;
    if (this.#isEmpty) return;
    this.#isKilled = true;
    await this.#cgroup.kill();
  }

  /** Asked after {@link kill}, once nothing can come in any more. */
  isAsNew(): boolean {
    if (this.#isKilled || !this.#isEmpty || this.#namespace === undefined || this.#cgroup === undefined) return false;
    return !hasKilled(this.#cgroup) && isUntouched(this.#namespace.inside);
  }

  async leave(): Promise<void> {
    if (this.#namespace !== undefined) {
      this.#namespace.inside.close();
      close(this.#namespace.fd);
    }
    this.#namespace = undefined;
    try {
      await this.#cgroup?.remove();
    } finally {
      await this.#deps.networks.release(this.id);
      await removeTree(this.#dir);
    }
  }
}

/** Every change has a time, and one so early that its time tells nothing has other content. */
function isAsWritten(
  path: string,
  { content, stat }: { readonly content: string; readonly stat: FileStat | undefined },
): boolean {
  const now = lstatMaybe(AT_FDCWD, path);
  return (
    now !== undefined &&
    now.ino === stat?.ino &&
    now.ctimeSeconds === stat.ctimeSeconds &&
    now.ctimeNanoseconds === stat.ctimeNanoseconds &&
    readTextFileMaybe(path, content.length * 4) === content
  );
}

function hasKilled({ oomEventsPath }: Cgroup): boolean {
  if (oomEventsPath === undefined) return false;
  return !/^oom_kill 0$/m.test(readTextFileMaybe(oomEventsPath, MAX_COUNTERS_BYTES) ?? "");
}
