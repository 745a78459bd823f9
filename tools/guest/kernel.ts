import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { command, mustRun } from "../lab/command.ts";
import { extractPackages } from "../lab/extracted-packages.ts";
import { findProgram } from "../lab/paths.ts";
import { refreshPackageLists } from "../lab/system-packages.ts";

/** A distribution's kernel, unpacked: its image and its modules, with an index that modprobe reads. */
export interface GuestKernel {
  readonly version: string;
  readonly image: string;
  /** The folder `…/lib/modules/VERSION`. */
  readonly modules: string;
}

/** Packages whose dependency is the newest kernel for virtual machines, Debian's and Ubuntu's. */
const metaPackages = ["linux-image-cloud-amd64", "linux-image-virtual"];

/** Fetch the machine's distribution's kernel for virtual machines; kept in the cache under its version. */
export async function fetchKernel(): Promise<GuestKernel> {
  const names = await kernelPackages();
  const root = await extractPackages(`kernel-${names[0]}`, names);
  const library = readdirSync(root).includes("lib") ? join(root, "lib/modules") : join(root, "usr/lib/modules");
  const version = readdirSync(library)[0];
  if (version === undefined) throw new Error(`${names.join(", ")} have no modules`);
  const base = library.slice(0, -"/lib/modules".length);
  // Of its index depmod writes the symbols last.
  if (!existsSync(join(library, version, "modules.symbols")))
    await mustRun([findProgram("busybox") ?? "busybox", "depmod", "-b", base, version]);
  return { version, image: join(root, "boot", `vmlinuz-${version}`), modules: join(library, version) };
}

async function kernelPackages(): Promise<string[]> {
  for (let attempt = 0; attempt < 2; attempt++) {
    for (const meta of metaPackages) {
      const image = (await dependencies(meta)).find((name) => /^linux-image-\d/.test(name));
      if (image === undefined) continue;
      return [image, ...(await dependencies(image)).filter((name) => /^linux-modules-\d/.test(name))];
    }
    await refreshPackageLists();
  }
  throw new Error(`no kernel package found: tried ${metaPackages.join(", ")}`);
}

async function dependencies(name: string): Promise<string[]> {
  const { stdout } = await command(["apt-cache", "depends", name]);
  return [...stdout.matchAll(/Depends: (\S+)/g)].map((match) => match[1] ?? "");
}

/** Paths under the modules folder of `names` and all they need, in the order to load them. */
export function loadOrder(modulesDep: string, names: readonly string[]): string[] {
  const needs = new Map<string, string[]>();
  for (const line of modulesDep.split("\n")) {
    const [path, rest] = line.split(":");
    if (path !== undefined && rest !== undefined) needs.set(path, rest.trim().split(/\s+/).filter(Boolean));
  }
  const pathOf = (name: string): string | undefined =>
    [...needs.keys()].find(
      (path) =>
        path
          .split("/")
          .at(-1)
          ?.replace(/\.ko.*$/, "")
          .replaceAll("-", "_") === name,
    );
  const order: string[] = [];
  const visit = (path: string): void => {
    if (order.includes(path)) return;
    for (const needed of needs.get(path) ?? []) visit(needed);
    order.push(path);
  };
  for (const name of names) {
    const path = pathOf(name);
    // What is built into the kernel has no file.
    if (path !== undefined) visit(path);
  }
  return order;
}

/** The module files needed to reach the root disk, by path and in order. */
export function bootModules(kernel: GuestKernel): readonly { readonly path: string; readonly content: Uint8Array }[] {
  const index = readFileSync(join(kernel.modules, "modules.dep"), "utf8");
  return loadOrder(index, ["virtio_pci", "virtio_blk", "ext4"]).map((path) => ({
    path,
    content: readFileSync(join(kernel.modules, path)),
  }));
}
