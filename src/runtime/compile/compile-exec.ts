import type { RuntimeFacts } from "#host/facts/runtime-facts.ts";
import type { NamespaceKind, Step } from "#runtime/plan/ops.ts";
import type { Process, RuntimeSpec } from "#spec/oci/runtime.ts";
import type { CgroupEntry, Compiled } from "./compile-container.ts";
import { parseCpuList } from "./cpu-list.ts";
import type { FilterCache } from "./filter-cache.ts";
import { processSteps } from "./process-steps.ts";

export interface CompileExecInput {
  /** Container id: its session keyring is joined. */
  readonly id: string;
  /** The container's configuration: its namespaces and seccomp filter hold for the new process too. */
  readonly spec: RuntimeSpec;
  readonly process: Process;
  /** The container's init; `startTicks` is field 22 of /proc/pid/stat, 0n = not checked. */
  readonly target: { readonly pid: number; readonly startTicks: bigint };
  readonly cgroup: CgroupEntry;
  readonly facts: RuntimeFacts;
  readonly filters: FilterCache;
  readonly findProgram?: boolean;
  readonly bundle?: string;
}

/** A plan for one more process in a running container: joins its namespaces and cgroup, then is set up as `process` says. */
export function compileExec(input: CompileExecInput): Compiled {
  const { spec, process, facts } = input;
  const kinds = new Set((spec.linux?.namespaces ?? []).map(({ type }): NamespaceKind => type));
  const body = processSteps({
    id: input.id,
    process,
    seccomp: spec.linux?.seccomp,
    facts,
    filters: input.filters,
    role: "exec",
    findProgram: input.findProgram ?? false,
    bundle: input.bundle ?? "",
    annotations: spec.annotations ?? {},
    userNamespace: kinds.has("user"),
    ...(spec.linux?.personality === undefined ? {} : { personality: spec.linux.personality }),
  });
  const { initial, final } = process.execCPUAffinity ?? {};
  const affinity = (list: string | undefined): Step[] =>
    list === undefined || list === "" ? [] : [{ op: "cpu_affinity", mask: parseCpuList(list, "execCPUAffinity") }];
  // The mount namespace is what makes the container's root this process's root.
  kinds.add("mount");
  return {
    plan: {
      create: [],
      join: [{ by: "process", kinds: [...kinds], ...input.target }],
      uidMap: "",
      gidMap: "",
      cgroup: input.cgroup,
      steps: [...affinity(initial), ...body.early, ...affinity(final), ...body.late],
      exec: body.exec,
    },
    warnings: body.warnings,
  };
}
