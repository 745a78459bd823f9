import { flag, list, nullable, omitEmpty, pair, struct, text, words, type Decoded } from "./schema.ts";

/** Body of `POST /containers/{id}/exec`. */
export const execConfig = struct("container.ExecOptions", {
  User: text,
  Privileged: flag,
  Tty: flag,
  ConsoleSize: omitEmpty(nullable(pair)),
  AttachStdin: flag,
  AttachStderr: flag,
  AttachStdout: flag,
  DetachKeys: text,
  Env: list(text),
  WorkingDir: text,
  Cmd: words,
});
export type ExecConfig = Decoded<typeof execConfig>;

/** Body of `POST /exec/{id}/start`. */
export const execStartConfig = struct("container.ExecStartOptions", {
  Detach: flag,
  Tty: flag,
  ConsoleSize: omitEmpty(nullable(pair)),
});
export type ExecStartConfig = Decoded<typeof execStartConfig>;

export interface ExecInspect {
  readonly ID: string;
  readonly Running: boolean;
  /** null until the process ended. */
  readonly ExitCode: number | null;
  readonly ProcessConfig: {
    readonly tty: boolean;
    readonly entrypoint: string;
    readonly arguments: readonly string[];
    readonly privileged: boolean;
    readonly user?: string;
  };
  readonly OpenStdin: boolean;
  readonly OpenStderr: boolean;
  readonly OpenStdout: boolean;
  readonly CanRemove: boolean;
  readonly ContainerID: string;
  readonly DetachKeys: string;
  readonly Pid: number;
}
