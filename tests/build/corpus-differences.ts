/**
 * What docker 26.1's BuildKit (front end 1.7) makes otherwise of the corpus than corpus-images.txt says, all of it, with why.
 * docs/differences.md tells people of it.
 */

/** Lines of facts that both write in their own way, as one. */
interface Spelling {
  readonly why: string;
  /** Either one's line as both could write it; the same for a line that it does not concern. */
  readonly common: (line: string) => string;
}

const spellings: readonly Spelling[] = [
  {
    why: "newer front ends print the value that counts, docker 26.1 the default that is in the file",
    common: (line) => {
      const words = /^history ARG (.+)$/.exec(line)?.[1];
      // Names are upper case in the corpus, words of values are not.
      const names = (words ?? "").match(/(?<=^| )[A-Z_]+(?==| |$)/g) ?? [];
      return words === undefined ? line : `history ARG ${names.join(" ")}`;
    },
  },
  {
    why: "Go's own notation of a list, since front end 1.8 another type",
    common: (line) => {
      const ports = /^history EXPOSE (?:map)?\[(.*)\]$/.exec(line)?.[1];
      if (ports === undefined) return line;
      const each = ports.split(" ").map((port) => port.replace(/:\{\}$/, ""));
      return `history EXPOSE ${[...new Set(each)].toSorted().join(" ")}`;
    },
  },
  {
    why: "Go's own notation of a structure, since front end 1.8 with names",
    common: (line) => {
      const named =
        /^history HEALTHCHECK \{Test:\[(.*)\] Interval:(\S+) \w+:(\S+) \w+:(\S+) \w+:(\S+) Retries:(\d+)\}$/.exec(line);
      if (named !== null) return `history HEALTHCHECK ${named.slice(1).join(" ")}`;
      const bare = /^history HEALTHCHECK &\{\[(.*)\] "(\S+)" "(\S+)" "(\S+)" "(\S+)" '(.+)'\}$/.exec(line);
      if (bare === null) return line;
      const words = (JSON.parse(`[${(bare[1] ?? "").replaceAll('" "', '","')}]`) as readonly string[]).join(" ");
      return `history HEALTHCHECK ${[words, ...bare.slice(2, 6), runeOf(bare[6] ?? "")].join(" ")}`;
    },
  },
];

/** The number of a character that Go quoted. */
function runeOf(quoted: string): number {
  const hex = /^\\x(..)$/.exec(quoted)?.[1];
  return hex === undefined ? (JSON.parse(`"${quoted}"`) as string).charCodeAt(0) : Number.parseInt(hex, 16);
}

interface CaseDifference {
  readonly why: string;
  /** Lines that only one has, in common spelling. */
  readonly ours: readonly string[];
  readonly theirs: readonly string[];
}

const fewerLayers = (ours: number, theirs: number): CaseDifference => ({
  why: "a step that changes nothing makes no layer here",
  ours: [`layers ${ours}`],
  theirs: [`layers ${theirs}`],
});

const differences: Readonly<Record<string, CaseDifference>> = {
  "apt-with-cache-mounts": fewerLayers(1, 2),
  "comments-everywhere": fewerLayers(0, 1),
  "mount-spellings": fewerLayers(10, 11),
  "mounts-cache": fewerLayers(3, 4),
  "mounts-tmpfs": fewerLayers(1, 2),
  "redis-conf": fewerLayers(3, 4),
  "arg-and-env": {
    why: "an ARG that is said twice counts once in newer front ends",
    ours: [
      'history RUN |1 V=given /bin/sh -c echo "$V $W" > /3 # buildkit',
      'history RUN |1 V=given /bin/sh -c echo "$A $B $C" > /4 # buildkit',
      "history RUN |1 V=given /bin/sh -c env | grep '^[XYZ]=' | sort > /5 # buildkit",
    ],
    theirs: [
      'history RUN |2 V=given V=given /bin/sh -c echo "$V $W" > /3 # buildkit',
      'history RUN |2 V=given V=given /bin/sh -c echo "$A $B $C" > /4 # buildkit',
      "history RUN |2 V=given V=given /bin/sh -c env | grep '^[XYZ]=' | sort > /5 # buildkit",
    ],
  },
  "arg-scopes": {
    why: "newer front ends tell arguments of the stage below too",
    ours: [
      'history RUN |2 A=given B=stage /bin/sh -c echo "$A $B" > /three # buildkit',
      'history RUN |2 A=given B=global /bin/sh -c echo "$B" > /four # buildkit',
    ],
    theirs: [
      'history RUN /bin/sh -c echo "$A $B" > /three # buildkit',
      'history RUN |1 B=global /bin/sh -c echo "$B" > /four # buildkit',
    ],
  },
  "arg-traps": {
    why: "newer front ends let an ARG see those before it in its line",
    ours: [
      'history RUN |4 EMPTY= QUOTED=a b SECOND=$QUOTED THIRD=a b /bin/sh -c echo "[${EMPTY}] [${EMPTY:-was empty}] [$QUOTED] [$SECOND] [$THIRD]" > /out # buildkit',
      "out file 0644 0:0 37 39f4c0ba0637",
    ],
    theirs: [
      'history RUN |4 EMPTY= QUOTED=a b SECOND=$QUOTED THIRD= /bin/sh -c echo "[${EMPTY}] [${EMPTY:-was empty}] [$QUOTED] [$SECOND] [$THIRD]" > /out # buildkit',
      "out file 0644 0:0 34 9606dc99601a",
    ],
  },
};

/** Cases that BuildKit cannot build: what its front end does not know yet, in its words. */
export const unbuildable: Readonly<Record<string, string>> = {
  "copy-exclude": "unknown flag: exclude",
  "node-pnpm-workspace": "unknown flag: parents",
  secrets: "unexpected key 'env' in 'env=TOKEN'",
};

const NONE = { ours: [], theirs: [] };

/** What is expected of a case. */
export function expectedDifference(name: string): Pick<CaseDifference, "ours" | "theirs"> {
  const { ours, theirs } = differences[name] ?? NONE;
  return { ours, theirs };
}

/** Lines of facts that only one has, in common spelling, in their order. */
export function differenceOf(ours: string, theirs: string): Pick<CaseDifference, "ours" | "theirs"> {
  const [one, other] = [ours, theirs].map((facts) =>
    facts.split("\n").map((line) => spellings.reduce((text, { common }) => common(text), line)),
  );
  const without = (lines: readonly string[] = [], others: readonly string[] = []): readonly string[] => {
    const left = [...others];
    return lines.filter((line) => {
      const at = left.indexOf(line);
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
  };
  return { ours: without(one, other), theirs: without(other, one) };
}
