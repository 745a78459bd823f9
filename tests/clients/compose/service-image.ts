import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { missingPackages } from "../../../tools/lab/apt-suite.ts";
import { mustRun } from "../../../tools/lab/command.ts";
import { extractPackages } from "../../../tools/lab/extracted-packages.ts";
import { buildImage, type BuiltImage } from "../../../tools/lab/image-writer.ts";
import { cacheDir } from "../../../tools/lab/paths.ts";
import { distributionArchive, distributionStatus } from "../../../tools/lab/test-images.ts";
import { writeTar } from "../../../tools/lab/tar-writer.ts";

/** What the servers can do without: a just-in-time compiler, languages, and what only sets things up. */
const spared = /^(?:libllvm|libz3|locales|libc-l10n|postgresql$|postgresql-common|ssl-cert|ucf|libjson-perl)/u;

/**
 * Debian with nginx, redis and PostgreSQL out of its own packages, unpacked over the distribution's root: their own
 * scripts do not run, so the image brings the user and the folders that those would have made.
 */
export async function serviceImage(): Promise<BuiltImage> {
  const base = await distributionArchive();
  return buildImage({
    layers: [readFileSync(base), readFileSync(await servicesArchive()), await additions(base)],
    config: { Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], Cmd: ["bash"] },
    compression: "none",
  });
}

/** Path of the layer with the servers, made when it is not in the cache yet. */
export async function servicesArchive(): Promise<string> {
  const archive = join(cacheDir("images"), `services-${process.arch}.tar`);
  if (existsSync(archive)) return archive;
  const wanted = await missingPackages(["nginx-light", "redis-server", "postgresql"], await distributionStatus());
  const root = await extractPackages(
    "services",
    wanted.filter((name) => !spared.test(name)),
  );
  // Documentation and languages are as heavy as the rest. The root's own entries are the base layer's matter.
  const left = ["usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/postgresql/*/man"];
  const excludes = left.map((path) => `--exclude=./${path}`);
  // In the distribution's root /lib is a link.
  const merged = ["--transform=s,^[.]/lib,./usr/lib,", "--numeric-owner"];
  const parts = ["./usr", "./etc", "./lib"].filter((part) => existsSync(join(root, part)));
  await mustRun(["tar", "-C", root, ...excludes, ...merged, "-cf", `${archive}.partial`, ...parts]);
  renameSync(`${archive}.partial`, archive);
  return archive;
}

async function additions(base: string): Promise<Uint8Array> {
  const passwd = await mustRun(["tar", "-xOf", base, "./etc/passwd"]);
  const group = await mustRun(["tar", "-xOf", base, "./etc/group"]);
  const folder = (path: string, uid = 0, mode = 0o755) => ({ path, type: "directory", mode, uid, gid: uid }) as const;
  return writeTar([
    { path: "etc/passwd", content: `${passwd}postgres:x:999:999::/var/lib/postgresql:/bin/sh\n` },
    { path: "etc/group", content: `${group}postgres:x:999:\n` },
    {
      path: "etc/nginx/nginx.conf",
      content:
        "daemon off; error_log stderr; events {} http { access_log off; server { listen 80; root /srv/www; autoindex on; } }\n",
    },
    folder("srv/www/"),
    { path: "srv/www/index.html", content: "from the image\n" },
    folder("var/lib/nginx/"),
    folder("var/log/nginx/"),
    folder("var/lib/postgresql/", 999, 0o700),
    folder("data/"),
  ]);
}
