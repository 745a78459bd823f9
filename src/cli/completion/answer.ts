/** One word that may stand where the cursor is. */
export interface Candidate {
  readonly value: string;
  /** Shown beside it by shells that can. */
  readonly note?: string;
}

/** What a shell is told. The candidates are already those that begin with the word typed so far. */
export interface Answer {
  readonly candidates: readonly Candidate[];
  /** What else may stand there. */
  readonly paths?: "files" | "folders";
  /** More letters of the same word follow: no space is put after it. */
  readonly open?: true;
}

/** Numbers of the protocol that shells' scripts for cobra programs (docker's among them) speak. */
const NO_SPACE = 2;
const NO_FILES = 4;
const FOLDERS_ONLY = 16;

/** A candidate a line, what is told of it after a tab; last a colon and the sum of what to do. */
export function printAnswer({ candidates, paths, open }: Answer, withNotes: boolean): string {
  const lines = candidates.map(({ value, note }) =>
    withNotes && note !== undefined && note !== "" ? `${value}\t${note.split("\n", 1)[0] ?? ""}` : value,
  );
  const files = paths === "files" ? 0 : paths === "folders" ? FOLDERS_ONLY : NO_FILES;
  return [...lines, `:${String(files + (open === true ? NO_SPACE : 0))}`, ""].join("\n");
}
