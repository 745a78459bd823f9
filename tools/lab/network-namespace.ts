import { spawn } from "node:child_process";
import { readlinkSync } from "node:fs";
import { eventually, mustRun } from "./command.ts";

/** A private network with only a loopback, so that a program's firewall rules and bridges never touch the machine's. */
export interface NetworkNamespace {
  /** Put before a command line to run it inside. */
  readonly enter: readonly string[];
  /** Everything in it goes when the last process in it has ended. */
  close(): Promise<void>;
}

export async function createNetworkNamespace(): Promise<NetworkNamespace> {
  const holder = spawn("unshare", ["--net", "sleep", "infinity"], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => holder.once("exit", () => resolve()));
  const path = `/proc/${holder.pid}/ns/net`;
  const own = readlinkSync("/proc/self/ns/net");
  await eventually("private network namespace", () => (readlinkSync(path) === own ? undefined : true));
  const enter = ["nsenter", `--net=${path}`];
  await mustRun([...enter, "ip", "link", "set", "lo", "up"]);
  return {
    enter,
    async close() {
      holder.kill("SIGKILL");
      await ended;
    },
  };
}
