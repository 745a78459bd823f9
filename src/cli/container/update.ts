import type { Handler } from "../command.ts";
import { ExitError, shownMessage } from "../errors.ts";
import type { FlagValues } from "../flags/flag-values.ts";
import { parseRestartPolicy } from "./options/restart-policy.ts";
import { updateFlags } from "./update-flags.ts";

/** `update`: one container after the other; the engine's warnings come last. */
export const update: Handler = async ({ flags, args, io, client }) => {
  if (!updateFlags.some(({ name }) => flags.given(name)))
    throw new Error("you must provide one or more flags when using this command");
  const body = updateBody(flags);
  const api = await client();
  const warnings: string[] = [];
  const failures: string[] = [];
  for (const name of args) {
    try {
      const { Warnings } = await api.containers.update(name, body);
      if (flags.given("net-rate")) await api.containers.setNetworkRate(name, flags.text("net-rate"));
      io.stdout.write(`${name}\n`);
      warnings.push(...(Warnings ?? []));
    } catch (error) {
      failures.push(shownMessage(error));
    }
  }
  if (warnings.length > 0) io.stdout.write(`${warnings.join("\n")}\n`);
  if (failures.length > 0) throw new ExitError(1, failures.join("\n"));
  return 0;
};

function updateBody(flags: FlagValues): Readonly<Record<string, unknown>> {
  const restart = flags.text("restart");
  const pids = flags.number("pids-limit");
  return {
    CpuShares: flags.number("cpu-shares"),
    Memory: flags.number("memory"),
    NanoCpus: flags.number("cpus"),
    CgroupParent: "",
    BlkioWeight: flags.number("blkio-weight"),
    BlkioWeightDevice: null,
    BlkioDeviceReadBps: null,
    BlkioDeviceWriteBps: null,
    BlkioDeviceReadIOps: null,
    BlkioDeviceWriteIOps: null,
    CpuPeriod: flags.number("cpu-period"),
    CpuQuota: flags.number("cpu-quota"),
    CpuRealtimePeriod: flags.number("cpu-rt-period"),
    CpuRealtimeRuntime: flags.number("cpu-rt-runtime"),
    CpusetCpus: flags.text("cpuset-cpus"),
    CpusetMems: flags.text("cpuset-mems"),
    Devices: null,
    DeviceCgroupRules: null,
    DeviceRequests: null,
    MemoryReservation: flags.number("memory-reservation"),
    MemorySwap: flags.number("memory-swap"),
    MemorySwappiness: null,
    OomKillDisable: null,
    PidsLimit: pids === 0 ? null : pids,
    Ulimits: null,
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
    RestartPolicy: restart === "" ? { Name: "", MaximumRetryCount: 0 } : parseRestartPolicy(restart),
  };
}
