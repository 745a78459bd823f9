import { withVirtualSize } from "./image-steps.ts";
import { within, without, type Json, type VersionStep } from "./version-step.ts";

/** Answers about the engine and its networks, newest version first. */
export const systemSteps: readonly VersionStep[] = [
  {
    when: { before: 52 },
    shape: "network-inspect",
    reason: "before 1.52 nobody counted a network's addresses",
    apply: (body) => without(body, "Status"),
  },
  {
    when: { since: 52 },
    shape: "info",
    reason: "1.52 removed the kernel memory of TCP",
    apply: (body) => without(body, "KernelMemoryTCP"),
  },
  {
    when: { before: 52 },
    shape: "disk-usage",
    reason: "before 1.52 sums were left to the client",
    apply: (body) => without(body, "ImageUsage", "ContainerUsage", "VolumeUsage", "BuildCacheUsage"),
  },
  {
    when: { before: 50 },
    shape: "info",
    reason: "1.50 removed the state of bridge netfilter and brought the devices that were found",
    apply: (body) => ({ ...without(body, "DiscoveredDevices"), BridgeNfIptables: true, BridgeNfIp6tables: true }),
  },
  {
    when: { before: 49 },
    shape: "info",
    reason: "1.49 removed the expected commits and brought what makes the rules",
    apply: (body) => ({
      ...without(body, "FirewallBackend"),
      ContainerdCommit: expected(body["ContainerdCommit"]),
      RuncCommit: expected(body["RuncCommit"]),
      InitCommit: expected(body["InitCommit"]),
    }),
  },
  {
    when: { before: 47 },
    shape: "info",
    reason: "1.47 removed what may not be distributed",
    apply: (body) =>
      within(body, "RegistryConfig", (registry) => ({
        AllowNondistributableArtifactsCIDRs: null,
        AllowNondistributableArtifactsHostnames: null,
        ...registry,
      })),
  },
  {
    when: { before: 44 },
    shape: "info",
    reason: "before 1.44 runtimes said nothing of themselves",
    apply: (body) =>
      within(body, "Runtimes", (runtimes) =>
        Object.fromEntries(
          Object.entries(runtimes).map(([name, runtime]) => [name, without(runtime as Json, "status")]),
        ),
      ),
  },
  {
    when: { before: 44 },
    shape: "disk-usage",
    reason: "1.44 removed VirtualSize",
    apply: (body) => ({ ...body, Images: (body["Images"] as readonly Json[] | null)?.map(withVirtualSize) ?? null }),
  },
  {
    when: { before: 42 },
    shape: "disk-usage",
    reason: "1.42 left the sum of the build cache to the client",
    apply: (body) => ({
      ...body,
      BuilderSize: ((body["BuildCache"] ?? []) as readonly { Size: number }[]).reduce((sum, { Size }) => sum + Size, 0),
    }),
  },
  {
    when: { before: 42 },
    shape: "info",
    reason: "1.42 removed kernel memory limits, which are not carried out",
    apply: (body) => ({ ...body, KernelMemory: false }),
  },
];

const expected = (commit: unknown): Json => ({ ...(commit as Json), Expected: (commit as { ID?: string }).ID ?? "" });
