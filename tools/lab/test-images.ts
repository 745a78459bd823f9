import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "./command.ts";
import { buildImage, type BuiltImage } from "./image-writer.ts";
import { cacheDir, findProgram } from "./paths.ts";
import { writeTar, type TarEntry } from "./tar-writer.ts";

/**
 * A real busybox image: Debian's static busybox, a link for every applet, the users and folders programs expect.
 */
export async function busyboxImage(format: "docker" | "oci" = "docker"): Promise<BuiltImage> {
  return buildImage({ layers: [await busyboxLayer()], config: { Cmd: ["sh"], Env: [defaultPath] }, format });
}

const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The single layer of {@link busyboxImage}. */
export async function busyboxLayer(): Promise<Uint8Array> {
  const program = findProgram("busybox");
  if (program === undefined) throw new Error("busybox is not installed (package busybox-static)");
  const applets = (await mustRun([program, "--list"])).split("\n").filter((name) => name !== "" && name !== "busybox");
  const dir = (path: string, mode = 0o755, owner = 0): TarEntry => ({
    path,
    type: "directory",
    mode,
    uid: owner,
    gid: owner,
  });
  return writeTar([
    ...["bin/", "dev/", "etc/", "home/", "proc/", "sys/", "usr/", "usr/bin/", "usr/sbin/", "var/"].map((path) =>
      dir(path),
    ),
    dir("root/", 0o700),
    dir("tmp/", 0o1777),
    dir("var/spool/"),
    dir("var/spool/mail/", 0o755, 8),
    { path: "bin/busybox", mode: 0o755, content: readFileSync(program) },
    ...applets.map((name): TarEntry => ({ path: `bin/${name}`, type: "hardlink", mode: 0o755, link: "bin/busybox" })),
    {
      path: "etc/passwd",
      content:
        "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n",
    },
    { path: "etc/group", content: "root:x:0:\ndaemon:x:1:\nwheel:x:10:root\nnogroup:x:65534:\n" },
    { path: "etc/shadow", mode: 0o640, content: "root:*:::::::\n" },
  ]);
}

/**
 * An image that exercises what layers can say: users and groups, setuid and sticky bits, extended attributes, hard
 * links across folders, devices, long and odd names, whiteouts, opaque folders, a file replaced by a folder and back,
 * and links that point outside of the root. What the container must see is in {@link fixtureExpectations}.
 */
export async function fixtureImage(
  format: "docker" | "oci" = "oci",
  compression: "gzip" | "zstd" = "gzip",
): Promise<BuiltImage> {
  const longName = "n".repeat(200);
  const bottom = writeTar([
    { path: "fixture/", type: "directory" },
    { path: "fixture/plain", content: "from the bottom layer\n" },
    { path: "fixture/gone", content: "whited out\n" },
    { path: "fixture/gone-dir/", type: "directory" },
    { path: "fixture/gone-dir/file", content: "whited out with its folder\n" },
    { path: "fixture/opaque/", type: "directory" },
    { path: "fixture/opaque/old", content: "hidden by an opaque folder\n" },
    { path: "fixture/to-dir", content: "becomes a folder\n" },
    { path: "fixture/to-file/", type: "directory" },
    { path: "fixture/to-file/inner", content: "becomes nothing\n" },
    { path: "fixture/setuid", mode: 0o4755, content: "#!/bin/sh\nid -u\n" },
    { path: "fixture/setgid/", type: "directory", mode: 0o2775, gid: 10 },
    { path: "fixture/owned", mode: 0o640, uid: 1234, gid: 5678, content: "owned\n" },
    {
      path: "fixture/capable",
      mode: 0o755,
      content: "#!/bin/sh\n",
      xattrs: { "user.note": "kept", "security.capability": fileCapability },
    },
    { path: "fixture/null", type: "character", mode: 0o666, major: 1, minor: 3 },
    { path: "fixture/pipe", type: "fifo", mode: 0o600 },
    { path: `fixture/${longName}`, content: "long name\n" },
    { path: "fixture/ünï çödé", content: "unicode\n" },
    { path: "fixture/dangling", type: "symlink", link: "/nowhere/at/all" },
    { path: "fixture/to-etc", type: "symlink", link: "/etc" },
    { path: "fixture/up", type: "symlink", link: "../../../../../etc" },
    { path: "fixture/old-time", content: "old\n", modifiedAt: 1 },
    { path: "fixture/links/", type: "directory" },
    { path: "fixture/links/first", content: "one inode\n" },
    { path: "fixture/links/second", type: "hardlink", link: "fixture/links/first" },
    { path: "etc/passwd", content: "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:App:/home/app:/bin/sh\n" },
    { path: "etc/group", content: "root:x:0:\napp:x:1001:\nextra:x:1002:app\n" },
    { path: "home/", type: "directory" },
    { path: "home/app/", type: "directory", mode: 0o750, uid: 1000, gid: 1001 },
  ]);
  const middle = writeTar([
    { path: "fixture/", type: "directory" },
    { path: "fixture/.wh.gone", content: "" },
    { path: "fixture/.wh.gone-dir", content: "" },
    { path: "fixture/opaque/", type: "directory" },
    { path: "fixture/opaque/.wh..wh..opq", content: "" },
    { path: "fixture/opaque/new", content: "only this\n" },
    { path: "fixture/to-dir/", type: "directory" },
    { path: "fixture/to-dir/inner", content: "inside\n" },
    { path: "fixture/to-file", content: "a file now\n" },
  ]);
  const top = writeTar([
    { path: "fixture/", type: "directory", mode: 0o711 },
    { path: "fixture/plain", content: "from the top layer\n" },
    { path: "fixture/back/", type: "directory" },
    { path: "fixture/gone", content: "back again\n" },
  ]);
  return buildImage({
    layers: [await busyboxLayer(), bottom, middle, top],
    config: {
      Cmd: ["sh"],
      Env: [defaultPath, "FIXTURE=yes"],
      User: "app",
      WorkingDir: "/home/app",
      Labels: { fixture: "1" },
      ExposedPorts: { "8080/tcp": {} },
    },
    format,
    compression,
  });
}

/** vfs_cap_data revision 2, effective, permitted CAP_NET_BIND_SERVICE (bit 10), little endian: see capabilities(7). */
const fileCapability = Buffer.from("0100000200040000000000000000000000000000", "hex");

/** Shell lines run as root in the fixture image and what each must print. */
export const fixtureExpectations: readonly { readonly run: string; readonly prints: string }[] = [
  { run: "cat /fixture/plain", prints: "from the top layer\n" },
  { run: "cat /fixture/gone", prints: "back again\n" },
  { run: "ls -A /fixture/gone-dir 2>&1 | tail -1", prints: "ls: /fixture/gone-dir: No such file or directory\n" },
  { run: "ls -A /fixture/opaque", prints: "new\n" },
  { run: "cat /fixture/to-dir/inner /fixture/to-file", prints: "inside\na file now\n" },
  {
    run: "stat -c '%a %u %g' /fixture/setuid /fixture/setgid /fixture/owned",
    prints: "4755 0 0\n2775 0 10\n640 1234 5678\n",
  },
  { run: "stat -c '%F %t %T' /fixture/null /fixture/pipe", prints: "character special file 1 3\nfifo 0 0\n" },
  { run: "cat /fixture/nnnn*", prints: "long name\n" },
  { run: "cat '/fixture/ünï çödé'", prints: "unicode\n" },
  {
    run: "for l in dangling to-etc up; do readlink /fixture/$l; done",
    prints: "/nowhere/at/all\n/etc\n../../../../../etc\n",
  },
  { run: "stat -c '%Y' /fixture/old-time", prints: "1\n" },
  {
    run: "stat -c '%h' /fixture/links/first; test /fixture/links/first -ef /fixture/links/second && echo same",
    prints: "2\nsame\n",
  },
  { run: "stat -c '%a' /fixture /tmp", prints: "711\n1777\n" },
  { run: "ls -A / | sort | tr '\\n' ' '", prints: ".dockerenv bin dev etc fixture home proc root sys tmp usr var " },
];

/** Name and tag under which {@link distributionImage} is pushed: the machine's own distribution. */
export function distributionReference(): { readonly repository: string; readonly tag: string } {
  const release = readFileSync("/etc/os-release", "utf8");
  const field = (name: string): string => new RegExp(`^${name}="?([^"\\n]*)"?$`, "m").exec(release)?.[1] ?? "";
  return { repository: field("ID"), tag: field("VERSION_CODENAME") };
}

/**
 * A real Debian (or Ubuntu) image made by mmdebstrap from the machine's own package sources. Takes half a minute the
 * first time; the archive stays in the cache.
 */
export async function distributionImage(compression: "gzip" | "none" = "gzip"): Promise<BuiltImage> {
  const layer = readFileSync(await distributionArchive());
  return buildImage({ layers: [layer], config: { Cmd: ["bash"], Env: [defaultPath] }, compression });
}

/** Beyond the essential packages: what the tests in the guest call, and certificates. */
const distributionExtras = ["ca-certificates", "iproute2", "iptables", "nftables", "procps"];

/** Path of the tar archive of the distribution's root, made when it is not in the cache yet. */
export function distributionArchive(): Promise<string> {
  return rootArchive("net", distributionExtras);
}

/** Path of the dpkg status file of {@link distributionArchive}: what is installed there. */
export async function distributionStatus(): Promise<string> {
  const archive = await distributionArchive();
  const status = `${archive.slice(0, -".tar".length)}.status`;
  if (existsSync(status)) return status;
  writeFileSync(`${status}.partial`, await mustRun(["tar", "-xOf", archive, "./var/lib/dpkg/status"]));
  renameSync(`${status}.partial`, status);
  return status;
}

/** The same with systemd as its first process. */
export function machineArchive(): Promise<string> {
  return rootArchive("systemd", ["procps", "systemd", "systemd-sysv"]);
}

async function rootArchive(kind: string, extras: readonly string[]): Promise<string> {
  const { repository, tag } = distributionReference();
  const archive = join(cacheDir("images"), `${repository}-${tag}-${kind}-${process.arch}.tar`);
  if (existsSync(archive)) return archive;
  console.log(`Making a ${repository}:${tag} root with mmdebstrap (once, about half a minute)`);
  const partial = `${archive}.partial.tar`;
  const sources = join(cacheDir("images"), "sources.list");
  writeFileSync(sources, distributionSources(tag));
  const include = `--include=${extras.join(",")}`;
  const languages = "--aptopt=Acquire::Languages none";
  await mustRun(["mmdebstrap", "--variant=minbase", languages, include, tag, partial, sources], {
    env: { SOURCE_DATE_EPOCH: "1700000000" },
    timeoutMs: 600_000,
  });
  renameSync(partial, archive);
  return archive;
}

/** The machine's package sources of its own distribution as one-line entries: other vendors' sources are left out. */
export function distributionSources(codename: string): string {
  const lines: string[] = [];
  const own = (suite: string): boolean => suite === codename || suite.startsWith(`${codename}-`);
  for (const file of ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list.d/ubuntu.sources"]) {
    if (!existsSync(file)) continue;
    for (const stanza of readFileSync(file, "utf8").split(/\n\s*\n/)) {
      const field = (name: string): string[] =>
        new RegExp(`^${name}:(.*)$`, "mi").exec(stanza)?.[1]?.trim().split(/\s+/) ?? [];
      const key = field("Signed-By")[0];
      const options = key === undefined ? "" : `[signed-by=${key}] `;
      if (!field("Types").includes("deb")) continue;
      for (const suite of field("Suites").filter(own)) {
        for (const uri of field("URIs")) lines.push(`deb ${options}${uri} ${suite} ${field("Components").join(" ")}`);
      }
    }
  }
  if (lines.length === 0 && existsSync("/etc/apt/sources.list")) {
    for (const line of readFileSync("/etc/apt/sources.list", "utf8").split("\n")) {
      const words = line
        .replace(/\[[^\]]*\]/, "")
        .trim()
        .split(/\s+/);
      if (words[0] === "deb" && own(words[2] ?? "")) lines.push(line);
    }
  }
  if (lines.length === 0) throw new Error(`no package source for ${codename} found in /etc/apt`);
  return `${lines.join("\n")}\n`;
}
