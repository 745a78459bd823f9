import type { RunProbe } from "./health-monitor.ts";
import { runExecProbe, type ExecProbeDeps } from "./run-exec-probe.ts";
import { runNetworkProbe, type NetworkProbeDeps } from "./run-network-probe.ts";

/** Probes of every kind. */
export function runProbe(deps: ExecProbeDeps & NetworkProbeDeps): RunProbe {
  return (container, probe, timeoutMs, signal) =>
    probe.kind === "exec"
      ? runExecProbe(deps, container, probe.argv, timeoutMs, signal)
      : runNetworkProbe(deps, container, probe, timeoutMs, signal);
}
