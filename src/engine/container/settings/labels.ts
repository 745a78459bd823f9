import { randomInt } from "node:crypto";
import { BerthError } from "#base/errors.ts";
import { parseSecurityOptions } from "#runtime/docker/security-options.ts";
import { containerLabels, sameLabelOptions, type ContainerContexts } from "#runtime/selinux/container-labels.ts";
import { parseContext } from "#runtime/selinux/context.ts";
import type { HostConfig } from "#spec/docker/host-config.ts";
import type { ContainerRegistry } from "../registry.ts";
import type { ContainerSpec } from "../spec.ts";

type Registry = Pick<ContainerRegistry, "all" | "find">;

/**
 * HostConfig with the label options that follow from others, unless it has its own. docker-compat: a container that shares
 * the host's processes or memory, or may do everything, has no label; one that shares another's has that one's.
 */
export function withLabelOptions(registry: Registry, host: HostConfig): HostConfig {
  const own = host.SecurityOpt ?? [];
  if (own.some((option) => option.split("=")[0] === "label")) return host;
  const implied =
    host.Privileged || host.PidMode === "host" || host.IpcMode === "host" ? ["disable"] : shared(registry, host);
  return implied.length === 0
    ? host
    : { ...host, SecurityOpt: [...own, ...implied.map((option) => `label=${option}`)] };
}

/** `invalid-parameter` when the partners' labels differ. */
function shared(registry: Registry, { IpcMode, PidMode }: HostConfig): readonly string[] {
  const [first = [], ...others] = [IpcMode, PidMode]
    .filter((mode) => mode.startsWith("container:"))
    .map((mode) => sameLabelOptions(registry.find(mode.slice("container:".length)).spec.labels?.process ?? ""))
    .filter((options) => options.length > 0);
  if (others.some((options) => options.join() !== first.join()))
    throw new BerthError("invalid-parameter", "--ipc and --pid containers SELinux labels aren't the same");
  return first;
}

/**
 * A new container with its SELinux labels, where there are any. The row must be written before anything else can be made:
 * the registry's containers are those whose categories are taken.
 */
export function labelled(
  registry: Registry,
  contexts: ContainerContexts | undefined,
  spec: ContainerSpec,
): ContainerSpec {
  if (contexts === undefined) return spec;
  const { labels: options } = parseSecurityOptions(spec.hostConfig.SecurityOpt ?? []);
  const taken = new Set(registry.all().flatMap((other) => levelsOf(other.spec)));
  return { ...spec, labels: containerLabels(contexts, options, taken, (below) => randomInt(below)) };
}

function levelsOf({ labels }: ContainerSpec): readonly string[] {
  return labels === undefined
    ? []
    : [labels.process, labels.mount].filter((text) => text !== "").map((text) => parseContext(text).level);
}
