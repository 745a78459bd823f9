import type { HealthcheckConfig } from "#spec/oci/image.ts";

/**
 * What a Dockerfile says, before any variable is put in. Source: the Dockerfile reference (frontend 1.26).
 *
 *     text -> lines (continuations joined, comments out) -> Instruction, one for each line -> Dockerfile: args and stages
 */

/** Lines of the file, both counted from 1, both included. */
export interface SourceRange {
  readonly startLine: number;
  readonly endLine: number;
}

/** `# syntax=`, `# escape=`, `# check=` at the top of the file. */
export interface Directive {
  /** Lower case. */
  readonly name: string;
  readonly value: string;
  readonly range: SourceRange;
}

/** What is written after `<<NAME` up to the line `NAME`. */
export interface Heredoc {
  readonly name: string;
  /** Ends with a newline unless it is empty. Tabs at the start of lines stay, see `stripTabs`. */
  readonly content: string;
  /** False for `<<"NAME"`: variables are not put in. */
  readonly expand: boolean;
  /** `<<-NAME`: leading tabs do not count. */
  readonly stripTabs: boolean;
  /** The file descriptor before `<<`; undefined when none is written. */
  readonly fd: number | undefined;
}

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  /** Written the old way, `ENV key value`. */
  readonly oldForm: boolean;
}

export interface ArgDeclaration {
  readonly key: string;
  /** Undefined when there is no `=`. */
  readonly value: string | undefined;
  /** The comment above that begins with the name. */
  readonly description: string | undefined;
}

/** A command of RUN, CMD or ENTRYPOINT. */
export type CommandLine =
  | { readonly form: "exec"; readonly words: readonly string[] }
  | { readonly form: "shell"; readonly script: string; readonly heredocs: readonly Heredoc[] };

interface InstructionBase {
  /** The instruction as it stands in the file, continuations joined by nothing, without trailing blanks. */
  readonly original: string;
  /** The name as it is written: the casing rule looks at it. */
  readonly keyword: string;
  readonly range: SourceRange;
  /** Text of the comment lines directly above, without `#`. */
  readonly comments: readonly string[];
}

/** Sources of ADD and COPY. */
export interface CopySources {
  readonly paths: readonly string[];
  /** Files written in the Dockerfile itself. */
  readonly heredocs: readonly Heredoc[];
  readonly destination: string;
}

/** Text flags are empty when not given. */
export interface FromInstruction extends InstructionBase {
  readonly kind: "from";
  readonly base: string;
  /** Lower case; undefined for a stage without a name. */
  readonly stageName: string | undefined;
  /** As it is written. */
  readonly writtenStageName: string | undefined;
  /** The word `AS` as it is written. */
  readonly as: string | undefined;
  readonly platform: string;
}
export interface ArgInstruction extends InstructionBase {
  readonly kind: "arg";
  readonly args: readonly ArgDeclaration[];
}
export interface RunInstruction extends InstructionBase {
  readonly kind: "run";
  readonly command: CommandLine;
  /** As written, for `parseMount`: their variables are put in later. */
  readonly mounts: readonly string[];
  readonly network: "default" | "none" | "host";
  readonly security: "sandbox" | "insecure";
  readonly devices: readonly RunDevice[];
}
export interface CopyInstruction extends InstructionBase {
  readonly kind: "copy";
  readonly sources: CopySources;
  readonly from: string;
  readonly chown: string;
  readonly chmod: string;
  readonly link: boolean;
  readonly parents: boolean;
  readonly excludes: readonly string[];
}
export interface AddInstruction extends InstructionBase {
  readonly kind: "add";
  readonly sources: CopySources;
  readonly chown: string;
  readonly chmod: string;
  readonly link: boolean;
  readonly excludes: readonly string[];
  readonly checksum: string;
  /** Undefined when the flag is not given. */
  readonly keepGitDir: boolean | undefined;
  readonly unpack: boolean | undefined;
}
export interface EnvInstruction extends InstructionBase {
  readonly kind: "env";
  readonly pairs: readonly KeyValue[];
}
export interface LabelInstruction extends InstructionBase {
  readonly kind: "label";
  readonly pairs: readonly KeyValue[];
}
export interface ExposeInstruction extends InstructionBase {
  readonly kind: "expose";
  readonly ports: readonly string[];
}
export interface VolumeInstruction extends InstructionBase {
  readonly kind: "volume";
  readonly paths: readonly string[];
}
export interface UserInstruction extends InstructionBase {
  readonly kind: "user";
  readonly user: string;
}
export interface WorkdirInstruction extends InstructionBase {
  readonly kind: "workdir";
  readonly path: string;
}
export interface ShellInstruction extends InstructionBase {
  readonly kind: "shell";
  readonly shell: readonly string[];
}
export interface StopsignalInstruction extends InstructionBase {
  readonly kind: "stopsignal";
  readonly signal: string;
}
export interface HealthcheckInstruction extends InstructionBase {
  readonly kind: "healthcheck";
  /** Durations in nanoseconds. `Test` is `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", "…"]`. */
  readonly check: HealthcheckConfig;
}
export interface OnbuildInstruction extends InstructionBase {
  readonly kind: "onbuild";
  /** The instruction that is carried out later. */
  readonly trigger: string;
}
export interface CmdInstruction extends InstructionBase {
  readonly kind: "cmd";
  readonly command: CommandLine;
}
export interface EntrypointInstruction extends InstructionBase {
  readonly kind: "entrypoint";
  readonly command: CommandLine;
}
export interface MaintainerInstruction extends InstructionBase {
  readonly kind: "maintainer";
  readonly maintainer: string;
}

/** Everything that may stand in a stage. */
export type StageInstruction =
  | ArgInstruction
  | RunInstruction
  | CopyInstruction
  | AddInstruction
  | EnvInstruction
  | LabelInstruction
  | ExposeInstruction
  | VolumeInstruction
  | UserInstruction
  | WorkdirInstruction
  | ShellInstruction
  | StopsignalInstruction
  | HealthcheckInstruction
  | OnbuildInstruction
  | CmdInstruction
  | EntrypointInstruction
  | MaintainerInstruction;

export type Instruction = FromInstruction | StageInstruction;

export interface Stage {
  readonly from: FromInstruction;
  readonly instructions: readonly StageInstruction[];
  /** The comment above FROM that begins with the stage's name. */
  readonly description: string | undefined;
}

export interface Dockerfile {
  readonly source: SourceFile;
  readonly directives: readonly Directive[];
  /** `\` or a backtick. */
  readonly escape: string;
  /** ARGs before the first FROM. */
  readonly args: readonly ArgInstruction[];
  /** At least one. */
  readonly stages: readonly Stage[];
  /** Which lint rules the file wants, from `# check=`. */
  readonly lint: LintOptions;
  /** What the lint rules that look at the text alone found; see `lint/`. */
  readonly warnings: readonly LintWarning[];
}

/** The file's text and the name errors show it by. */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

/** `# check=skip=…;error=…;experimental=…`. */
export interface LintOptions {
  readonly skip: "all" | readonly string[];
  readonly experimental: "all" | readonly string[];
  /** A finding fails the build. */
  readonly error: boolean;
}

/** One finding of `--check`. Rule names, descriptions and addresses are BuildKit's. */
export interface LintWarning {
  readonly rule: string;
  readonly description: string;
  readonly url: string;
  readonly detail: string;
  readonly range: SourceRange | undefined;
}

/** `RUN --device`. */
export interface RunDevice {
  /** CDI name, or a class of devices. */
  readonly name: string;
  readonly required: boolean;
}

/** `RUN --mount`, expanded. `from` names a stage, an image or a named context; empty is the build context. */
export type RunMount =
  | {
      readonly type: "bind";
      readonly from: string;
      readonly source: string;
      readonly target: string;
      /** Writes are allowed, and thrown away after the step. */
      readonly readWrite: boolean;
    }
  | {
      readonly type: "cache";
      /** Empty: the target. */
      readonly id: string;
      readonly target: string;
      readonly from: string;
      readonly source: string;
      readonly readOnly: boolean;
      readonly sharing: "shared" | "private" | "locked";
      /** Permission bits of a folder that is made anew. */
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  | { readonly type: "tmpfs"; readonly target: string; readonly sizeBytes: number | undefined }
  | {
      readonly type: "secret";
      readonly id: string;
      /** Path; undefined when it is given in the environment alone. */
      readonly target: string | undefined;
      /** Name of the environment variable. */
      readonly env: string | undefined;
      readonly required: boolean;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  | {
      readonly type: "ssh";
      readonly id: string;
      /** Undefined: `/run/buildkit/ssh_agent.N`. */
      readonly target: string | undefined;
      readonly required: boolean;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    };
