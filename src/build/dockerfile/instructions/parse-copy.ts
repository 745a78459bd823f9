import { wrong } from "../dockerfile-error.ts";
import { parseHeredocMark } from "../lines/heredoc-mark.ts";
import { readJsonForm } from "../lines/json-form.ts";
import { splitBlanks } from "../lines/split-line.ts";
import type { AddInstruction, CopyInstruction, CopySources, Heredoc } from "../types.ts";
import { flagsOf, type InstructionRequest } from "./request.ts";

const COMMON = { chown: "text", chmod: "text", link: "switch", exclude: "list" } as const;

export function parseAdd(request: InstructionRequest): AddInstruction {
  const words = pathsOf(request, "ADD");
  const flags = flagsOf(request, { ...COMMON, "keep-git-dir": "switch", checksum: "text", unpack: "switch" });
  return {
    kind: "add",
    ...request.base,
    sources: sourcesOf(words, request, "ADD"),
    chown: flags.text("chown"),
    chmod: flags.text("chmod"),
    link: flags.switch("link") ?? false,
    excludes: flags.list("exclude"),
    checksum: flags.text("checksum"),
    keepGitDir: flags.switch("keep-git-dir"),
    unpack: flags.switch("unpack"),
  };
}

export function parseCopy(request: InstructionRequest): CopyInstruction {
  const words = pathsOf(request, "COPY");
  const flags = flagsOf(request, { ...COMMON, from: "text", parents: "switch" });
  return {
    kind: "copy",
    ...request.base,
    sources: sourcesOf(words, request, "COPY"),
    from: flags.text("from"),
    chown: flags.text("chown"),
    chmod: flags.text("chmod"),
    link: flags.switch("link") ?? false,
    parents: flags.switch("parents") ?? false,
    excludes: flags.list("exclude"),
  };
}

function pathsOf({ rest }: InstructionRequest, name: string): readonly string[] {
  const json = readJsonForm(rest);
  const words = json.form === "json" ? json.words : splitBlanks(rest);
  if (words.length < 2)
    throw wrong(
      `${name} requires at least two arguments, but only one was provided. Destination could not be determined`,
      `write ${name} source destination`,
    );
  return words;
}

function sourcesOf(words: readonly string[], { line }: InstructionRequest, name: string): CopySources {
  const destination = words.at(-1) ?? "";
  if (isHeredoc(destination)) throw wrong(`${name} cannot accept a heredoc as a destination`);
  const paths: string[] = [];
  const heredocs: Heredoc[] = [];
  for (const word of words.slice(0, -1)) {
    const mark = safeMark(word);
    if (mark === undefined) paths.push(word);
    else {
      const content = line.heredocs.findLast((heredoc) => heredoc.name === mark.name)?.content ?? "";
      heredocs.push({ ...mark, content: mark.stripTabs ? content.replace(/^\t+/gm, "") : content });
    }
  }
  return { paths, heredocs, destination };
}

function isHeredoc(word: string): boolean {
  return safeMark(word) !== undefined;
}

/** A word the shell cannot read is a path. */
function safeMark(word: string): ReturnType<typeof parseHeredocMark> {
  try {
    return parseHeredocMark(word);
  } catch {
    return undefined;
  }
}
