import { CLIENT_API_VERSION } from "#client/api-version.ts";
import type { Invocation } from "../command.ts";

/** What `version` and `info` tell about this program. */
export interface ClientInfo {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly DefaultAPIVersion: string;
  readonly GitCommit: string;
  readonly GoVersion: string;
  readonly Os: string;
  readonly Arch: string;
  readonly BuildTime: string;
  readonly Context: string;
}

export function clientInfo(
  { clientVersion, clientBuild, contextName, io }: Invocation,
  apiVersion: string,
): ClientInfo {
  return {
    Version: clientVersion,
    ApiVersion: apiVersion,
    DefaultAPIVersion: CLIENT_API_VERSION,
    GitCommit: clientBuild.gitCommit,
    GoVersion: "",
    Os: "linux",
    Arch: io.architecture,
    BuildTime: clientBuild.buildTime,
    Context: contextName,
  };
}
