import { BerthError } from "#base/errors.ts";
import type { ContainerDefaults, ImageConfig } from "#spec/oci/image.ts";
import type { ResolveImage } from "#build/graph/options.ts";

const image = (config: ContainerDefaults, more: Partial<ImageConfig> = {}): ImageConfig => ({
  architecture: "amd64",
  os: "linux",
  config,
  rootfs: { type: "layers", diff_ids: [`sha256:${"1".repeat(64)}`] },
  history: [{ created_by: "base" }],
  ...more,
});

/** Base images of the golden files. */
const images: Readonly<Record<string, ImageConfig>> = {
  "debian:12": image({ Env: ["PATH=/usr/bin:/bin", "LANG=C"], Cmd: ["bash"], WorkingDir: "/srv/" }),
  "debian:latest": image({ Env: ["PATH=/usr/bin:/bin"], Cmd: ["bash"] }),
  "busybox:latest": image({ Cmd: ["sh"] }),
  "app:1": image({
    User: "app",
    Entrypoint: ["/e"],
    Cmd: ["c"],
    Labels: { a: "b" },
    ExposedPorts: { "80/tcp": {} },
    Volumes: { "/v": {} },
    Shell: ["/bin/bash", "-c"],
    StopSignal: "SIGINT",
    Healthcheck: { Test: ["CMD", "x"], Interval: 1e9 },
  }),
  "onb:latest": image({ OnBuild: ["COPY . /app", "RUN make $X", "ENV Q=1"], WorkingDir: "/w" }),
  "onb2:latest": image({ OnBuild: ["COPY --from=busybox /x /y"] }),
  "empty:latest": image({ Env: ["A=1"] }, { rootfs: { type: "layers", diff_ids: [] }, history: [] }),
  "arm:latest": image({}, { architecture: "arm64", variant: "v8" }),
  "author:latest": image({}, { author: "me", "os.version": "1" }),
};

export const resolveGolden: ResolveImage = (reference) => {
  const config = images[reference.replace("docker.io/library/", "")];
  if (config === undefined) return Promise.reject(new BerthError("not-found", `${reference}: not found`));
  return Promise.resolve({ digest: `sha256:${"a".repeat(64)}`, config });
};
