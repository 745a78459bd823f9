import { BerthError } from "#base/errors.ts";
import { errnoText } from "#host/kernel/errno.ts";
import { resolveHost } from "#host/sockets/resolve-host.ts";
import { parseMountWords } from "#host/mounts/mount-flags.ts";
import { MS_BIND } from "#host/kernel/linux.ts";
import type { LocalOptions } from "./local-options.ts";
import { carryOut, type MountCall, type ShareMounts } from "./share-mounts.ts";

type MountOptions = NonNullable<LocalOptions["mount"]>;

/** May a server, or a disk with a journal, keep who mounts it waiting? */
export function isShare({ type, o }: MountOptions): boolean {
  return type !== "tmpfs" && (parseMountWords(o).flags & MS_BIND) === 0;
}

/**
 * The options with names of hosts replaced by addresses, which is what the kernel's network file systems want: `addr=` of
 * nfs and cifs, and the server in a `cifs://` device. `internal` in Docker's words for a name that nobody knows.
 */
export async function resolveAddresses(what: MountOptions): Promise<MountOptions> {
  if (what.type !== "nfs" && what.type !== "nfs4" && what.type !== "cifs") return what;
  const words = what.o.split(",");
  const at = words.findIndex((word) => word.startsWith("addr="));
  if (at >= 0) {
    const address = await addressOf((words[at] ?? "").slice("addr=".length));
    return { ...what, o: words.with(at, `addr=${address}`).join(",") };
  }
  const server = what.type === "cifs" ? /^(?:[a-z]+:)?\/\/([^/:@]+)/i.exec(what.device)?.[1] : undefined;
  return server === undefined ? what : { ...what, device: what.device.replace(server, await addressOf(server)) };
}

async function addressOf(host: string): Promise<string> {
  try {
    return await resolveHost(host);
  } catch (error) {
    const why = `error resolving passed in network volume address: lookup ${host}: no such host`;
    throw new BerthError("internal", why, { cause: error });
  }
}

/**
 * Mount a volume's device over its directory: at once, or by `shares` what may take its time. `internal` in Docker's words,
 * without a password, when it is refused.
 */
export async function mountLocal(path: string, what: MountOptions, shares: ShareMounts): Promise<void> {
  const { type, device, o } = what;
  if (device === "") throw new BerthError("internal", "missing device in volume options");
  const { flags, propagation, data } = parseMountWords(o);
  const call: MountCall = { device, path, type, flags, propagation, data };
  const errno = isShare(what) ? await shares.mount(call) : carryOut(call);
  if (errno === 0) return;
  const how = [
    ...(flags === 0 ? [] : [`flags: 0x${flags.toString(16)}`]),
    ...(data === "" ? [] : [`data: ${data.replace(/(^|,)password=[^,]*/u, "$1password=********")}`]),
  ];
  throw new BerthError(
    "internal",
    `error while mounting volume '${path}': failed to mount local volume: mount ${[`${device}:${path}`, ...how].join(", ")}: ${errnoText(errno)}`,
  );
}
