import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startBerthRegistry, type RunningBerthRegistry } from "../../../tools/lab/berth-registry.ts";
import { buildImage, buildIndex, type BuiltImage } from "../../../tools/lab/image-writer.ts";
import { pushImage, pushManifest } from "../../../tools/lab/registry-push.ts";
import { writeTar } from "../../../tools/lab/tar-writer.ts";

const readme = `# Web shop

Sells **things**. Run it:

\`\`\`sh
docker run -p 80:80 shop/web
\`\`\`

- fast
- small, see [the notes](https://shop.example/notes)
`;

function image(version: string): BuiltImage {
  const base = [
    { path: "etc/", type: "directory" },
    { path: "etc/os-release", content: "NAME=Shop\n" },
    { path: "usr/", type: "directory" },
    { path: "usr/bin/", type: "directory" },
    { path: "usr/bin/sh", content: "x".repeat(120_000), mode: 0o755 },
  ] as const;
  const top = [
    { path: "srv/", type: "directory" },
    { path: "srv/version", content: version },
    { path: "srv/current", type: "symlink", link: "version" },
  ] as const;
  return buildImage({
    layers: [writeTar(base), writeTar(top)],
    config: { Cmd: ["sh", "-c", "serve /srv"], Env: ["PATH=/usr/bin"] },
    format: "oci",
  });
}

/** A registry with accounts (ann, password `correct horse`, owns `shop/…`) and something to look at; all may look. */
export async function startShownRegistry(dir: string): Promise<RunningBerthRegistry> {
  const registry = await startBerthRegistry({ dir, args: ["--auth", "users"] });
  await registry.admin(["user", "add", "--password-stdin", "ann"], "correct horse\n");
  await registry.admin(["grant", "add", "anyone", "*", "pull,push"]);
  for (const version of ["1.0", "1.1", "2.0"]) await pushImage(registry.address, "shop/web", version, image(version));
  const two = image("2.0");
  const index = buildIndex([
    { image: two, architecture: "amd64" },
    { image: image("1.1"), architecture: "arm64", variant: "v8" },
  ]);
  await pushManifest(registry.address, "shop/web", "latest", index);
  for (const name of ["shop/worker", "tools/lint", "library/debian"])
    await pushImage(registry.address, name, "latest", image("1.0"));
  await registry.admin(["grant", "add", "anyone", "*", "pull"]);
  await registry.admin(["grant", "add", "ann", "shop/*", "pull,push,delete"]);
  writeFileSync(join(dir, "README.md"), readme);
  const description = "The shop's front end, with everything that it needs to sell things";
  await registry.admin(["describe", "shop/web", "--description", description, "--readme", join(dir, "README.md")]);
  return registry;
}
