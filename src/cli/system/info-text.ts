import { binarySize } from "#base/units.ts";
import type { InfoResponse } from "#spec/docker/system.ts";

/** The engine's part of `info`, a line for each fact that is there. */
export function infoText(info: InfoResponse): string {
  const lines: string[] = [];
  const line = (name: string, value: string | number | boolean | undefined, indent = " "): void => {
    if (value !== undefined && value !== "") lines.push(`${indent}${name}: ${String(value)}`);
  };
  const group = (name: string, values: readonly string[] | null | undefined): void => {
    if (values === undefined || values === null || values.length === 0) return;
    lines.push(` ${name}:`, ...values.map((value) => `  ${value}`));
  };
  line("Containers", info.Containers);
  line("Running", info.ContainersRunning, "  ");
  line("Paused", info.ContainersPaused, "  ");
  line("Stopped", info.ContainersStopped, "  ");
  line("Images", info.Images);
  line("Server Version", info.ServerVersion);
  line("Storage Driver", info.Driver);
  for (const [name, value] of info.DriverStatus ?? []) lines.push(`  ${name}: ${value}`);
  line("Logging Driver", info.LoggingDriver);
  line("Cgroup Driver", info.CgroupDriver);
  line("Cgroup Version", info.CgroupVersion);
  lines.push(" Plugins:");
  line("Volume", (info.Plugins?.Volume ?? []).join(" "), "  ");
  line("Network", (info.Plugins?.Network ?? []).join(" "), "  ");
  line("Log", (info.Plugins?.Log ?? []).join(" "), "  ");
  group("CDI spec directories", info.CDISpecDirs);
  line("Swarm", info.Swarm?.LocalNodeState);
  const runtimes = Object.keys(info.Runtimes ?? {});
  if (runtimes.length > 0) {
    line("Runtimes", runtimes.join(" "));
    line("Default Runtime", info.DefaultRuntime);
  }
  line("Init Binary", info.InitBinary);
  line("containerd version", info.ContainerdCommit?.ID);
  line("runc version", info.RuncCommit?.ID);
  line("init version", info.InitCommit?.ID);
  lines.push(...securityLines(info.SecurityOptions ?? []));
  line("Kernel Version", info.KernelVersion);
  line("Operating System", info.OperatingSystem);
  line("OSType", info.OSType);
  line("Architecture", info.Architecture);
  line("CPUs", info.NCPU);
  line("Total Memory", binarySize(info.MemTotal));
  line("Name", info.Name);
  line("ID", info.ID);
  line("Docker Root Dir", info.DockerRootDir);
  line("Debug Mode", info.Debug);
  if (info.Debug) {
    line("File Descriptors", info.NFd, "  ");
    line("Goroutines", info.NGoroutines, "  ");
    line("System Time", info.SystemTime, "  ");
    line("EventsListeners", info.NEventsListener, "  ");
  }
  line("HTTP Proxy", info.HttpProxy);
  line("HTTPS Proxy", info.HttpsProxy);
  line("No Proxy", info.NoProxy);
  group("Labels", info.Labels);
  line("Experimental", info.ExperimentalBuild);
  const registries = info.RegistryConfig;
  const insecure = Object.entries(registries?.IndexConfigs ?? {})
    .filter(([, { Secure }]) => !Secure)
    .map(([name]) => name);
  group("Insecure Registries", [...insecure, ...(registries?.InsecureRegistryCIDRs ?? [])]);
  group("Registry Mirrors", registries?.Mirrors);
  line("Live Restore Enabled", info.LiveRestoreEnabled);
  lines.push("", "");
  return lines.join("\n");
}

/** `name=seccomp,profile=builtin`: the name, its settings under it. */
function securityLines(options: readonly string[]): readonly string[] {
  if (options.length === 0) return [];
  const lines = [" Security Options:"];
  for (const option of options) {
    for (const setting of option.split(",")) {
      const [key = "", value = ""] = setting.split("=");
      if (key === "name") lines.push(`  ${value}`);
      else lines.push(`   ${key.charAt(0).toUpperCase()}${key.slice(1)}: ${value}`);
    }
  }
  return lines;
}
