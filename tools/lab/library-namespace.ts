import { spawn } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./command.ts";

/** A mount namespace where the machine's library folder also shows the libraries of packages that are only unpacked. */
export interface LibraryNamespace {
  /** Put before a command line to run it inside. */
  readonly enter: readonly string[];
  /** Its mounts, and those that were made in it, go when the last process in it has ended. */
  close(): Promise<void>;
}

/** `root`: a folder of tools/lab/extracted-packages.ts. What the machine has itself wins. */
export async function createLibraryNamespace(root: string): Promise<LibraryNamespace> {
  const [own = ""] = globSync("/usr/lib/*-linux-gnu");
  const folders = ["usr/lib", "lib"].map((folder) => join(root, folder, own.slice("/usr/lib/".length)));
  const lower = [own, ...folders.filter((folder) => existsSync(folder))].join(":");
  const script = `mount -t overlay overlay -o lowerdir=${lower} ${own} && echo ready && exec sleep infinity`;
  const holder = spawn("unshare", ["--mount", "--propagation", "private", "sh", "-c", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  holder.stdout.on("data", (bytes: Buffer) => (text += bytes.toString()));
  const ended = new Promise<void>((resolve) => holder.once("exit", () => resolve()));
  await eventually("the libraries' namespace", () => (text.includes("ready") ? true : undefined));
  return {
    enter: ["nsenter", `--mount=/proc/${String(holder.pid)}/ns/mnt`],
    async close() {
      holder.kill("SIGKILL");
      await ended;
    },
  };
}
