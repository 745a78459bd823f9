import { readMachineState, settledLeftovers } from "../lab/leak-check.ts";
import type { StageResult } from "./stage.ts";

/** Runs `stage` and fails it when the machine is not as it was before. */
export async function leavingNothing(stage: () => Promise<StageResult>): Promise<StageResult> {
  const before = await readMachineState();
  const result = await stage();
  const left = await settledLeftovers(before);
  if (left.length === 0) return { ...result, passed: result.passed + 1 };
  console.error(`left behind:\n${left.map((line) => `  ${line}`).join("\n")}`);
  return { ...result, failed: result.failed + 1 };
}
