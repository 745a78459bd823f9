import { quoteGo } from "#base/quote-go.ts";
import { wrong } from "../../dockerfile/dockerfile-error.ts";
import type { AddInstruction, CopyInstruction } from "../../dockerfile/types.ts";
import { layerEntry } from "../history.ts";
import { addStep, expander, heredocExpander, shellOf, type StageContext } from "../stage-context.ts";
import type { StageState } from "../stage-state.ts";
import { shownInstruction } from "../step-names.ts";
import type { CopySource, Owner, Tree } from "../types.ts";
import type { CopyRequest } from "./copy-request.ts";
import { parseFileMode } from "./file-mode.ts";
import { hasNames, ownerOf } from "./owner.ts";
import { remoteSource } from "./remote-source.ts";
import { treeSource } from "./tree-source.ts";
import { pathInStage } from "./workdir.ts";

/** Source: the Dockerfile reference, "ADD" and "COPY". */
export function stepCopy(
  state: StageState,
  instruction: AddInstruction | CopyInstruction,
  at: StageContext,
  isOnbuild: boolean,
): StageState {
  const expand = expander(state, instruction, at);
  const chown = expand(instruction.chown);
  const chmod = expand(instruction.chmod);
  const checksum = instruction.kind === "add" ? expand(instruction.checksum) : "";
  const paths = instruction.sources.paths.map(expand);
  const destination = expand(instruction.sources.destination);
  const inline = inlineSources(state, instruction, at);
  const tree = instruction.kind === "copy" && instruction.from !== "" ? treeFor(instruction, at) : undefined;
  const from = (): Tree => (tree === undefined ? at.contextTree() : tree.tree);
  const { escape } = at.dockerfile;
  const shown = shownInstruction(instruction.original, (name) => state.env.get(name), { escape });
  const name = at.names.next(shown, state.platform, state.env, isOnbuild);
  const request: CopyRequest = { instruction, paths, checksum, from, isFromContext: tree === undefined, name };
  const sources = [...paths.map((path) => sourceOf(state, request, path, at)), ...inline];
  const isDirectory = /(?:^|\/)\.?$/.test(destination) || sources.length > 1;
  const vertex = addStep(at, state, instruction, name, {
    kind: "copy",
    base: state.tree,
    sources,
    destination: pathInStage(state, destination).replace(/(?<=.)\/$/, ""),
    destinationIsDirectory: isDirectory,
    owner: chown === "" ? undefined : checkedOwner(chown, instruction.link),
    mode: chmod === "" ? undefined : parseFileMode(chmod),
    link: instruction.link,
    parents: instruction.kind === "copy" && instruction.parents,
    excludes: instruction.excludes,
  });
  const text = [
    instruction.kind === "add" ? "ADD" : "COPY",
    ...(instruction.kind === "copy" && instruction.parents ? ["--parents"] : []),
    ...(chown === "" ? [] : [`--chown=${chown}`]),
    ...(chmod === "" ? [] : [`--chmod=${chmod}`]),
    ...paths,
    ...instruction.sources.heredocs.map((heredoc) => `<<${heredoc.name}`),
    destination,
  ].join(" ");
  const history = [...state.history, layerEntry(at.options.dialect, shellOf(state), text, vertex)];
  return { ...state, tree: vertex, history };
}

function inlineSources(
  state: StageState,
  instruction: AddInstruction | CopyInstruction,
  at: StageContext,
): readonly CopySource[] {
  const expand = heredocExpander(state, instruction, at);
  return instruction.sources.heredocs.map((heredoc) => ({
    type: "inline",
    filename: heredoc.name,
    content: heredoc.expand ? expand(heredoc.content) : heredoc.content,
  }));
}

function sourceOf(state: StageState, request: CopyRequest, path: string, at: StageContext): CopySource {
  return remoteSource(state, request, path, at) ?? treeSource(request, path, at);
}

function treeFor(instruction: CopyInstruction, at: StageContext): { readonly tree: Tree } {
  const found = at.treeOf(at.list.copyFrom(instruction));
  if (found !== undefined) return found;
  throw wrong(
    `cannot copy from stage ${quoteGo(instruction.from)}, it needs to be defined before current stage ${quoteGo(at.label)}`,
  );
}

/** A linked layer knows no /etc/passwd. */
function checkedOwner(chown: string, link: boolean): Owner {
  const owner = ownerOf(chown);
  if (link && hasNames(owner))
    throw wrong(
      `--chown=${chown}: user and group names can't be resolved when used with --link, use numeric uid[:gid] instead`,
    );
  return owner;
}
