/** Builds for several platforms, and what is said of images beside them. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "../../../tools/lab/command.ts";
import { freePort, startDebianRegistry, type RunningRegistry } from "../../../tools/lab/debian-registry.ts";
import { BuildLab } from "./build-lab.ts";

setDefaultTimeout(180_000);

let lab: BuildLab;
let registry: RunningRegistry;

beforeAll(async () => {
  lab = await BuildLab.open("bplt0", "172.31.237.1/24", ["--emulator", "s390x=/nowhere/qemu"]);
  registry = await startDebianRegistry({ dir: lab.engine.dir, port: await freePort() });
}, 180_000);
afterAll(async () => {
  await registry.stop();
  await lab.close();
});

const path = (name: string): string => join(lab.engine.dir, name);
const raw = async (reference: string): Promise<any> =>
  JSON.parse(await mustRun(["skopeo", "inspect", "--raw", "--tls-verify=false", reference]));

const CROSS = {
  Dockerfile: `FROM --platform=$BUILDPLATFORM busybox AS cross
ARG TARGETPLATFORM
RUN echo "for $TARGETPLATFORM" > /program
FROM scratch
COPY --from=cross /program /program
COPY given /given
`,
  given: "the same everywhere\n",
};
const TWO = ["--platform", "linux/amd64,linux/arm64"];

test("cross builds need no emulation: an index in a layout, in a registry, folders by platform", async () => {
  const [tar, folder, metadata] = [path("cross.tar"), path("cross"), path("cross.json")];
  const name = `${registry.address}/cross:1`;
  await lab.engine.ok(
    ...["build", ...TWO, "-t", name, "--push", "-o", `type=oci,dest=${tar}`, "-o", folder],
    ...["--metadata-file", metadata, "--annotation", "index:made=here", lab.context(CROSS)],
  );
  for (const architecture of ["amd64", "arm64"])
    expect(readFileSync(join(folder, `linux_${architecture}/program`), "utf8")).toBe(`for linux/${architecture}\n`);
  const index = await raw(`docker://${name}`);
  expect(index.annotations).toEqual({ made: "here" });
  expect(index.manifests.map(({ platform }: any) => platform)).toEqual([
    { architecture: "amd64", os: "linux" },
    { architecture: "arm64", os: "linux" },
  ]);
  expect(await raw(`oci-archive:${tar}`)).toEqual(index);
  const digest = JSON.parse(readFileSync(metadata, "utf8"))["containerimage.digest"];
  expect(await lab.engine.ok("image", "inspect", "-f", '{{join .RepoDigests " "}}', name)).toContain(digest);
  const arm = ["image", "inspect", "--platform", "linux/arm64", "-f", "{{.Architecture}}", name];
  expect(await lab.engine.ok(...arm)).toBe("arm64\n");
});

test("what is built upon is taken for each platform", async () => {
  const name = `${registry.address}/base:1`;
  await lab.engine.ok("build", ...TWO, "-t", name, "--push", lab.context(CROSS));
  await lab.engine.ok("rmi", "-f", name);
  const folder = path("upon");
  const upon = lab.context({ Dockerfile: `FROM ${name}\nCOPY more /more\n`, more: "more\n" });
  await lab.engine.ok("build", ...TWO, "-o", folder, upon);
  expect(readFileSync(join(folder, "linux_arm64/program"), "utf8")).toBe("for linux/arm64\n");
  expect(readFileSync(join(folder, "linux_amd64/more"), "utf8")).toBe("more\n");
});

test("a command of another platform, where nothing can run it, is refused with what to do", async () => {
  const name = `${registry.address}/foreign:1`;
  const base = lab.context({ Dockerfile: "FROM scratch\nCOPY x /bin/sh\n", x: "not a program" });
  await lab.engine.ok("build", "--platform", "linux/s390x", "-t", name, "--push", base);
  const folder = lab.context({ Dockerfile: `FROM ${name}\nRUN true\n` });
  const failed = await lab.engine.run("build", "--platform", "linux/s390x", folder);
  expect([failed.code, failed.stderr]).toEqual([
    1,
    expect.stringContaining("cannot run a command for linux/s390x here"),
  ]);
  expect(failed.stderr).toContain("qemu-user-static");
  const list = await lab.engine.run("build", ...TWO, "-o", `type=docker,dest=${path("list.tar")}`, lab.context(CROSS));
  expect([list.code, list.stderr]).toEqual([1, expect.stringContaining("manifest lists")]);
});

test("provenance and an SBOM beside each image, in BuildKit's form", async () => {
  const name = `${registry.address}/attested:1`;
  const status = "Package: hello\nStatus: install ok installed\nArchitecture: all\nVersion: 2.10-3\n";
  const context = lab.context({
    Dockerfile: "FROM busybox\nARG TOKEN\nCOPY status /var/lib/dpkg/status\nRUN true\n",
    status,
  });
  const metadata = path("attested.json");
  const given = ["--build-arg", "TOKEN=told", "--metadata-file", metadata];
  await lab.engine.ok("build", "-t", name, "--push", "--sbom=true", "--provenance=mode=max", ...given, context);
  const index = await raw(`docker://${name}`);
  const [image, attestation] = index.manifests;
  expect(attestation.platform).toEqual({ architecture: "unknown", os: "unknown" });
  expect(attestation.annotations).toEqual({
    "vnd.docker.reference.digest": image.digest,
    "vnd.docker.reference.type": "attestation-manifest",
  });
  const { layers } = await raw(`docker://${registry.address}/attested@${attestation.digest}`);
  const statements = await Promise.all(
    layers.map(async ({ digest }: any) =>
      (await fetch(`http://${registry.address}/v2/attested/blobs/${digest}`)).json(),
    ),
  );
  const [sbom, provenance] = statements;
  for (const statement of statements) {
    expect(statement._type).toBe("https://in-toto.io/Statement/v0.1");
    expect(statement.subject[0].digest).toEqual({ sha256: image.digest.slice("sha256:".length) });
  }
  expect(sbom.predicateType).toBe("https://spdx.dev/Document");
  expect(sbom.predicate.packages.map(({ name: of, versionInfo }: any) => `${of} ${versionInfo}`)).toEqual([
    "hello 2.10-3",
  ]);
  expect(provenance.predicateType).toBe("https://slsa.dev/provenance/v1");
  const { buildDefinition } = provenance.predicate;
  expect(buildDefinition.externalParameters.request.args).toEqual({ TOKEN: "told" });
  expect(buildDefinition.resolvedDependencies[0].uri).toStartWith("pkg:docker/busybox@latest?platform=linux%2F");
  expect(JSON.parse(readFileSync(metadata, "utf8"))["buildx.build.provenance"]).toEqual(provenance.predicate);
  const less = ["--provenance=true", "--build-arg", "TOKEN=secret", "--metadata-file", metadata];
  await lab.engine.ok("build", "-t", name, ...less, context);
  const min = JSON.parse(readFileSync(metadata, "utf8"))["buildx.build.provenance"];
  expect(min.buildDefinition.externalParameters.request.args).toBeUndefined();
  expect(JSON.stringify(min)).not.toContain("secret");
  expect(await lab.runIn(name, "cat", "/var/lib/dpkg/status")).toBe(status);
});
