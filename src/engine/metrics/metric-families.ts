import type { EngineConfig } from "../config.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import { stateName } from "../container/state.ts";
import type { MachineFacts } from "../host-facts.ts";
import type { Events, HostCounters } from "../ports.ts";
import type { EngineMeters } from "./engine-meters.ts";
import type { MetricFamily, Sample } from "./metric.ts";

export interface MetricsDeps {
  readonly config: EngineConfig;
  readonly machine: MachineFacts;
  readonly registry: ContainerRegistry;
  readonly events: Events;
  readonly counters: HostCounters;
  readonly meters: EngineMeters;
}

/** What the engine can tell of itself now, under dockerd's names and those of Prometheus' own client libraries. */
export function metricFamilies(deps: MetricsDeps) {
  return (): readonly MetricFamily[] => [...engineFamilies(deps), ...activityFamilies(deps), ...processFamilies(deps)];
}

const counter = (name: string, help: string, value: number): MetricFamily => family(name, help, "counter", [{ value }]);
const gauge = (name: string, help: string, value: number): MetricFamily => family(name, help, "gauge", [{ value }]);

function family(name: string, help: string, type: MetricFamily["type"], samples: readonly Sample[]): MetricFamily {
  return { name, help, type, samples };
}

function engineFamilies({ config, machine, registry }: MetricsDeps): readonly MetricFamily[] {
  const states = { paused: 0, running: 0, stopped: 0 };
  for (const { status } of registry.all()) {
    const name = stateName(status);
    states[name === "paused" ? "paused" : name === "running" || name === "restarting" ? "running" : "stopped"] += 1;
  }
  const labels = {
    architecture: machine.machine,
    commit: config.gitCommit,
    daemon_id: config.engineId,
    graphdriver: "overlay2",
    kernel: machine.kernelVersion,
    os: machine.operatingSystem,
    os_type: "linux",
    os_version: machine.osVersion,
    version: config.version,
  };
  return [
    family(
      "engine_daemon_container_states_containers",
      "The count of containers in various states",
      "gauge",
      Object.entries(states).map(([state, value]) => ({ labels: { state }, value })),
    ),
    gauge("engine_daemon_engine_cpus_cpus", "The number of cpus that the host system of the engine has", machine.cpus),
    family("engine_daemon_engine_info", "The information related to the engine and the OS it is running on", "gauge", [
      { labels, value: 1 },
    ]),
    gauge(
      "engine_daemon_engine_memory_bytes",
      "The number of bytes of memory that the host system of the engine has",
      machine.memoryBytes,
    ),
  ];
}

function activityFamilies({ meters, events }: MetricsDeps): readonly MetricFamily[] {
  return [
    family(
      "engine_daemon_container_actions_seconds",
      "The number of seconds it takes to process each container action",
      "histogram",
      [...meters.actions].flatMap(([action, histogram]) => histogram.samples({ action })),
    ),
    gauge("engine_daemon_events_subscribers_total", "The number of current subscribers to events", events.listeners),
    counter("engine_daemon_events_total", "The number of events logged", meters.events),
    counter(
      "engine_daemon_health_checks_failed_total",
      "The total number of failed health checks",
      meters.failedHealthChecks,
    ),
    counter("engine_daemon_health_checks_total", "The total number of health checks", meters.healthChecks),
  ];
}

function processFamilies({ counters }: MetricsDeps): readonly MetricFamily[] {
  const own = counters.process();
  return [
    counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", own.cpuSeconds),
    gauge("process_max_fds", "Maximum number of open file descriptors.", own.maxOpenFiles),
    gauge("process_open_fds", "Number of open file descriptors.", own.openFiles),
    gauge("process_resident_memory_bytes", "Resident memory size in bytes.", own.residentBytes),
    gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", own.startedAtSeconds),
    gauge("process_threads", "Number of threads.", own.threads),
    gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", own.virtualBytes),
  ];
}
