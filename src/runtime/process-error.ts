import { BerthError, isBerthError } from "#base/errors.ts";
import { errnoText } from "#host/kernel/errno.ts";
import type { Plan } from "./plan/ops.ts";
import type { StepFailure } from "./types.ts";

/**
 * A launcher's error in the words people know from runc: what was being done, to what, and the kernel's reason. Errors
 * without a {@link StepFailure} pass as they are. `advice`: what to do about a program that this machine cannot run.
 */
export function processError(error: unknown, plan: Plan, argv0: string, advice?: string): unknown {
  const failure = stepFailureOf(error);
  if (failure === undefined) return error;
  // docker-compat: containerd's word for errors it has no class for.
  const message = `${failureMessage(failure, plan, argv0)}: unknown`;
  const isForeign = failure.errno === ENOEXEC && failure.step === plan.steps.length;
  const hint = isForeign && advice !== undefined ? { hint: advice } : {};
  return new BerthError("internal", message, { cause: error, details: { failure }, ...hint });
}

/** What a failed step means. */
export function failureMessage(failure: StepFailure, plan: Pick<Plan, "steps">, argv0: string): string {
  if (failure.said !== undefined) return failure.said;
  const reason = errnoText(failure.errno);
  const step = plan.steps[failure.step];
  if (failure.step === plan.steps.length || step?.op === "find_program")
    return execMessage(argv0, failure.errno, reason);
  if (step?.op === "run_hook") return `error running ${step.name}: ${failure.what === "hook" ? reason : failure.what}`;
  return `${describeStep(step, failure.what)}: ${reason}`;
}

/** The {@link StepFailure} an error carries, when the failure happened inside the new process. */
export function stepFailureOf(error: unknown): StepFailure | undefined {
  if (!isBerthError(error)) return undefined;
  const { failure } = error.details;
  if (typeof failure !== "object" || failure === null) return undefined;
  const { step, errno, what, said } = failure as Partial<Record<string, unknown>>;
  if (typeof step !== "number" || typeof errno !== "number") return undefined;
  return {
    step,
    errno,
    what: typeof what === "string" ? what : "",
    ...(typeof said === "string" ? { said } : {}),
  };
}

const ENOENT = 2;
const ENOEXEC = 8;

/** exec.LookPath of Go speaks of $PATH only for names without a slash. */
function execMessage(argv0: string, errno: number, reason: string): string {
  if (errno === ENOENT && !argv0.includes("/")) return `exec: "${argv0}": executable file not found in $PATH`;
  const act = errno === ENOENT ? "stat " : "";
  return `exec: "${argv0}": ${act}${act === "" ? "" : `${argv0}: `}${reason}`;
}

/** Outside the steps, when namespaces and cgroups are entered, there is only what the shim says it did. */
function describeStep(step: Plan["steps"][number] | undefined, what: string): string {
  if (step === undefined) return what === "" ? "launching the process" : what;
  if (step.op === "bind" || step.op === "mount") {
    return `error during container init: error mounting "${step.source}" to rootfs at "${step.target}": ${mountAct(what)}`;
  }
  if (step.op === "chdir") return `chdir to cwd (${JSON.stringify(step.path)}) set in config.json failed`;
  if (step.op === "session_keyring" && step.label !== "")
    return `error during container init: unable to use SELinux label ${JSON.stringify(step.label)}`;
  if (step.op === "lsm_exec_label")
    return `error during container init: unable to apply ${step.lsm} profile ${JSON.stringify(step.label)}`;
  return `error during container init: ${what === "" ? step.op : `${step.op}: ${what}`}`;
}

/** The one act that some file systems cannot do at all: MOUNT_ATTR_IDMAP of mount_setattr(2). */
function mountAct(what: string): string {
  return what.startsWith("idmap ")
    ? "showing other owners (uid=, gid=), which not every file system can"
    : what || "mount";
}
