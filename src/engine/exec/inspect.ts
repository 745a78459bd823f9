import type { ExecInspect } from "#spec/docker/exec.ts";
import type { ExecRegistry } from "./exec.ts";

/** `GET /exec/{id}/json`. */
export function inspectExec(deps: { readonly execs: ExecRegistry }) {
  return (id: string): ExecInspect => {
    const { spec, status, containerId } = deps.execs.find(id);
    const [entrypoint = "", ...rest] = spec.Cmd ?? [];
    return {
      ID: id,
      Running: status.state === "running",
      ExitCode: status.state === "exited" ? status.exitCode : null,
      ProcessConfig: {
        tty: spec.Tty,
        entrypoint,
        arguments: rest,
        privileged: spec.Privileged,
        ...(spec.User === "" ? {} : { user: spec.User }),
      },
      OpenStdin: spec.AttachStdin,
      OpenStderr: spec.AttachStderr,
      OpenStdout: spec.AttachStdout,
      CanRemove: status.state === "exited",
      ContainerID: containerId,
      DetachKeys: "",
      Pid: status.state === "running" ? status.pid : 0,
    };
  };
}
