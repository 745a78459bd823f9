import { BerthError } from "#base/errors.ts";
import { errnoText, SyscallError } from "#host/errno.ts";
import { resolveHost } from "#host/resolve-host.ts";
import { parseMountWords } from "#host/mount-flags.ts";
import { mount } from "#host/syscalls.ts";
import type { LocalOptions } from "./local-options.ts";

type MountOptions = NonNullable<LocalOptions["mount"]>;

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

/** Mount a volume's device over its directory. `internal` in Docker's words, without a password, when it is refused. */
export function mountLocal(path: string, { type, device, o }: MountOptions): void {
  if (device === "") throw new BerthError("internal", "missing device in volume options");
  const { flags, propagation, data } = parseMountWords(o);
  try {
    mount(device, path, type, flags, data);
    if (propagation !== 0) mount(null, path, null, propagation);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    const how = [
      ...(flags === 0 ? [] : [`flags: 0x${flags.toString(16)}`]),
      ...(data === "" ? [] : [`data: ${data.replace(/(^|,)password=[^,]*/u, "$1password=********")}`]),
    ];
    throw new BerthError(
      "internal",
      `error while mounting volume '${path}': failed to mount local volume: mount ${[`${device}:${path}`, ...how].join(", ")}: ${errnoText(error.errno)}`,
      { cause: error },
    );
  }
}
