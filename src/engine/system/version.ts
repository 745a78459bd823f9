import type { VersionResponse } from "#spec/docker/system.ts";
import type { EngineConfig } from "../config.ts";
import type { MachineFacts } from "../host-facts.ts";

/** `GET /version`. */
export function version(deps: { readonly config: EngineConfig; readonly machine: MachineFacts }) {
  return (): VersionResponse => {
    const { config, machine } = deps;
    return {
      Platform: { Name: "Berth" },
      Components: [
        {
          Name: "Engine",
          Version: config.version,
          Details: {
            ApiVersion: config.apiVersion,
            Arch: machine.architecture,
            BuildTime: config.buildTime,
            Experimental: String(config.experimental),
            GitCommit: config.gitCommit,
            KernelVersion: machine.kernelVersion,
            MinAPIVersion: config.minimumApiVersion,
            Os: "linux",
          },
        },
        { Name: "berth-runtime", Version: config.version, Details: { GitCommit: config.gitCommit } },
      ],
      Version: config.version,
      ApiVersion: config.apiVersion,
      MinAPIVersion: config.minimumApiVersion,
      GitCommit: config.gitCommit,
      GoVersion: "",
      Os: "linux",
      Arch: machine.architecture,
      KernelVersion: machine.kernelVersion,
      ...(config.experimental ? { Experimental: true } : {}),
      BuildTime: config.buildTime,
    };
  };
}
