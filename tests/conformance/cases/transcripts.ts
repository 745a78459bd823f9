import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { command, type CommandResult } from "../../../tools/lab/command.ts";
import type { Target } from "../target.ts";
import { outcomeLines, parseTranscripts, shellWords, type Step, type Transcript } from "../transcript.ts";

const folder = join(import.meta.dirname, "../transcripts");

/** Every transcript, step by step. `BERTH_SHOW_TRANSCRIPTS=1` prints what was seen in the form of the files. */
export function transcriptCases(target: () => Target): void {
  for (const file of readdirSync(folder).sort()) {
    describe(file.replace(/\.txt$/u, ""), () => {
      for (const transcript of parseTranscripts(readFileSync(join(folder, file), "utf8"))) {
        test(transcript.title, () => play(target(), transcript));
      }
    });
  }
}

async function play(target: Target, transcript: Transcript): Promise<void> {
  const reference = target.engine.kind === "dockerd";
  if (reference && transcript.notOnReference !== undefined) return;
  const scratch = mkdtempSync(join(target.scratch, "transcript-"));
  try {
    const seen: string[] = [];
    const wanted: string[] = [];
    for (const step of transcript.steps) {
      const outcome = outcomeLines(await carryOut(target, scratch, step), [
        [scratch, "<scratch>"],
        [target.registry, "<registry>"],
      ]);
      const command = `${step.kind === "client" ? "$" : "%"} ${step.line}`;
      seen.push(command, ...outcome);
      wanted.push(command, ...((reference ? step.referenceOutcome : undefined) ?? step.outcome));
    }
    if (process.env["BERTH_SHOW_TRANSCRIPTS"] === "1") console.log([`== ${transcript.title}`, ...seen].join("\n"));
    expect(seen).toEqual(wanted);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function carryOut(target: Target, scratch: string, step: Step): Promise<CommandResult> {
  const variables = { SCRATCH: scratch, REGISTRY: target.registry };
  const options = { cwd: scratch, stdin: step.stdin, timeoutMs: 120_000 };
  if (step.kind === "client") {
    const words = shellWords(step.line).map((word) =>
      word.replaceAll("$SCRATCH", scratch).replaceAll("$REGISTRY", target.registry),
    );
    return target.run(words, options);
  }
  const env = { ...target.env, ...variables, CLI: target.argv.join(" ") };
  return command(["sh", "-c", step.line], { ...options, env });
}
