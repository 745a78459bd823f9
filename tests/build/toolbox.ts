import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildImage, type BuiltImage } from "../../tools/lab/image-writer.ts";
import { writeTar, type TarEntry } from "../../tools/lab/tar-writer.ts";
import { busyboxLayer } from "../../tools/lab/test-images.ts";

/** Commands that `stand-in.sh` plays. */
const TOOLS = [
  "addgroup", "adduser", "apk", "apt-get", "bash", "bundle", "cargo", "cc", "cmake", "composer", "curl", "dotnet", "gcc", "go", "groupadd",
  "install", "java", "make", "mvn", "nginx", "node", "npm", "pip", "pnpm", "postgres", "python", "python3", "redis-server", "tsc",
  "useradd", "wget", "yarn",
]; // prettier-ignore

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Names of base images in the corpus that are the plain toolbox. */
export const TOOLBOX_NAMES = [
  "alpine:3", "busybox:latest", "composer:2", "debian:12", "debian:12-slim", "eclipse-temurin:21-jre", "gcc:13",
  "golang:1.22", "maven:3-eclipse-temurin", "nginx:1.27", "node:20-alpine", "php:8-apache", "postgres:16",
  "python:3.12-slim", "ruby:3", "rust:1.78", "ubuntu:24.04",
]; // prettier-ignore

export interface NamedImage {
  readonly names: readonly string[];
  readonly image: BuiltImage;
}

/** Config of the image `configured`: every setting that a stage can inherit. */
export const CONFIGURED = {
  Env: [PATH, "FROM_BASE=yes"],
  Cmd: ["base-cmd"],
  Entrypoint: ["/base-entry"],
  User: "daemon",
  WorkingDir: "/tmp",
  Labels: { base: "label", kept: "1" },
  ExposedPorts: { "80/tcp": {} },
  Volumes: { "/base-volume": {} },
  StopSignal: "SIGUSR1",
  Healthcheck: { Test: ["CMD", "true"], Interval: 5_000_000_000 },
} as const;

/** Config of the image `onbuild-node`. */
export const ONBUILD = {
  Env: [PATH],
  WorkingDir: "/usr/src/app",
  OnBuild: ["COPY package.json /usr/src/app/", "RUN npm install", "COPY . /usr/src/app"],
} as const;

/** The images that the corpus begins with: busybox, a few users, and stand-ins of everybody's tools. */
export async function toolboxImages(): Promise<readonly NamedImage[]> {
  const layers = [await busyboxLayer(), toolsLayer()];
  const make = (config: Readonly<Record<string, unknown>>): BuiltImage =>
    buildImage({ layers, config, format: "docker" });
  return [
    { names: TOOLBOX_NAMES, image: make({ Env: [PATH], Cmd: ["sh"] }) },
    { names: ["configured:latest"], image: make(CONFIGURED) },
    { names: ["onbuild-node:latest"], image: make(ONBUILD) },
  ];
}

function toolsLayer(): Uint8Array {
  const content = readFileSync(join(import.meta.dir, "stand-in.sh"));
  return writeTar([
    ...["etc/", "usr/", "usr/local/", "usr/local/bin/", "usr/local/lib/"].map((path): TarEntry => ({
      path,
      type: "directory",
      mode: 0o755,
    })),
    { path: "usr/local/lib/stand-in", mode: 0o755, content },
    ...TOOLS.map((name): TarEntry => ({
      path: `usr/local/bin/${name}`,
      type: "symlink",
      link: "../lib/stand-in",
    })),
    { path: "bin/bash", type: "symlink", link: "../usr/local/lib/stand-in" },
    { path: "usr/bin/env", type: "symlink", link: "../../bin/env" },
    {
      path: "etc/passwd",
      content: [
        "root:x:0:0:root:/root:/bin/sh",
        "daemon:x:1:1:daemon:/usr/sbin:/bin/false",
        "node:x:1000:1000:node:/home/node:/bin/sh",
        "nobody:x:65534:65534:nobody:/home:/bin/false",
        "",
      ].join("\n"),
    },
    {
      path: "etc/group",
      content: "root:x:0:\ndaemon:x:1:\nwheel:x:10:root\nnode:x:1000:\nnogroup:x:65534:\n",
    },
  ]);
}
