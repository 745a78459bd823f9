import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { aptArchitecture } from "./apt-suite.ts";
import { extractPackages } from "./extracted-packages.ts";
import { buildImage, type BuiltImage } from "./image-writer.ts";
import { writeTar } from "./tar-writer.ts";

/** Architectures that tests emulate, by Go's names: Debian's name, and qemu's. One has its bytes the other way round. */
const emulated = {
  arm64: { debian: "arm64", qemu: "aarch64" },
  s390x: { debian: "s390x", qemu: "s390x" },
} as const;
export type EmulatedArchitecture = keyof typeof emulated;

/** qemu's static emulators of user programs, unpacked. */
export async function emulatorPath(architecture: EmulatedArchitecture): Promise<string> {
  const root = await extractPackages("qemu-user-static", ["qemu-user-static"]);
  // From qemu 9 on the package `qemu-user` has the programs, static too.
  const path = (suffix: string): string => join(root, `usr/bin/qemu-${emulated[architecture].qemu}${suffix}`);
  if (existsSync(path("-static"))) return path("-static");
  const newer = await extractPackages("qemu-user", ["qemu-user"]);
  return join(newer, `usr/bin/qemu-${emulated[architecture].qemu}`);
}

/** Path of Debian's static busybox of another architecture. */
async function foreignBusybox(architecture: EmulatedArchitecture): Promise<string> {
  const name = emulated[architecture].debian;
  const options = await aptArchitecture(name);
  return join(await extractPackages(`busybox-${name}`, [`busybox-static:${name}`], options), "bin/busybox");
}

/** A busybox image whose programs are another architecture's. */
export async function foreignBusyboxImage(architecture: EmulatedArchitecture): Promise<BuiltImage> {
  const layer = writeTar([
    ...["bin/", "etc/", "proc/", "root/", "sys/"].map((path) => ({ path, type: "directory" as const })),
    { path: "tmp/", type: "directory", mode: 0o1777 },
    { path: "bin/busybox", mode: 0o755, content: readFileSync(await foreignBusybox(architecture)) },
    ...["cat", "chown", "echo", "id", "ls", "sh", "sleep", "stat", "su", "touch", "true", "uname", "wget"].map(
      (name) => ({ path: `bin/${name}`, type: "hardlink" as const, mode: 0o755, link: "bin/busybox" }),
    ),
    { path: "etc/passwd", content: "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n" },
    { path: "etc/group", content: "root:x:0:\nnogroup:x:65534:\n" },
  ]);
  return buildImage({ layers: [layer], config: { Cmd: ["sh"], Env: ["PATH=/bin"] }, architecture });
}

/** Fetched before tests run on machines without a network. */
export async function fetchEmulation(): Promise<void> {
  for (const architecture of Object.keys(emulated) as EmulatedArchitecture[]) {
    await emulatorPath(architecture);
    await foreignBusybox(architecture);
  }
}
