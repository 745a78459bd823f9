/** Where a clause is seen that no Dockerfile of the corpus has: a golden file, or a file of tests and the test by its name. */
export interface SeenAt {
  readonly file: string;
  readonly test: string | undefined;
}

/** One thing that a person may write in a Dockerfile or ask of a build, and how it looks where it is seen. */
export interface Clause {
  readonly name: string;
  readonly written: RegExp;
  /** Undefined: in the corpus, which docker 26.1's BuildKit builds to the same files, settings and history. */
  readonly seen: SeenAt | undefined;
}

type Row = (name: string, written: RegExp) => Clause;

const at =
  (file: string, test?: string): Row =>
  (name, written) => ({ name, written, seen: { file, test } });
const corpus: Row = (name, written) => ({ name, written, seen: undefined });
const golden = (file: string): Row => at(`tests/golden/dockerfile/${file}.txt`);
const engine = (file: string, test: string): Row => at(`tests/engine/build/${file}.test.ts`, test);

const flag = (instruction: string, name: string): RegExp => new RegExp(`^${instruction}\\b[^\\n]*--${name}\\b`, "m");
const mounted = (type: string, key: string): RegExp =>
  new RegExp(`--mount=(?:type=${type}|${type === "bind" ? "(?!type=)" : "(?!)"})[^ \\n]*\\b${key}\\b`);
const each = <T>(names: string, row: (name: string) => T): readonly T[] => names.split(" ").map(row);

const sshRow = engine("commands", "an agent's socket and secrets are there for their command, and nowhere afterwards");
const webRow = engine("sources", "ADD of a web address: name, time, mode, checksum, status, a file that has changed");
const gitRow = engine(
  "sources",
  "ADD of a repository, with its .git, a folder, a checksum; a branch that moves is noticed",
);
const switchRow = engine("build-flags", "build arguments that are switches of the front end");
const privateRow = engine(
  "private-sources",
  "repositories and web addresses by the secrets that BuildKit knows for them",
);

/** `INSTRUCTION --flag`; the test asks the parser which there are. */
export const flags: readonly Clause[] = [
  ...each("platform", (name) => corpus(`FROM --${name}`, flag("FROM", name))),
  ...each("mount network", (name) => corpus(`RUN --${name}`, flag("RUN", name))),
  engine("commands", "--security=insecure is refused until it is allowed")("RUN --security", /RUN --security=insecure/),
  engine("devices", "what was not allowed, or is required and not there, is refused")("RUN --device", /--device=/),
  ...each("from chown chmod link parents exclude", (name) => corpus(`COPY --${name}`, flag("COPY", name))),
  ...each("chown chmod link", (name) => corpus(`ADD --${name}`, flag("ADD", name))),
  golden("graphs")("ADD --exclude", flag("ADD", "exclude")),
  golden("graphs")("ADD --unpack", flag("ADD", "unpack")),
  webRow("ADD --checksum", /ADD --checksum=sha256/),
  gitRow("ADD --keep-git-dir", /ADD --keep-git-dir/),
  ...each("interval timeout start-period start-interval retries", (name) =>
    corpus(`HEALTHCHECK --${name}`, flag("HEALTHCHECK", name)),
  ),
];

/** `TYPE OPTION` of RUN --mount, also the other names that options have. */
export const mounts: readonly Clause[] = [
  ...each("target dst destination source src from rw readwrite ro readonly", (key) =>
    corpus(`bind ${key}`, mounted("bind", key)),
  ),
  ...each("id target dst destination ro readonly sharing=shared sharing=private sharing=locked", (key) =>
    corpus(`cache ${key}`, mounted("cache", key)),
  ),
  ...each("from source mode uid gid", (key) => corpus(`cache ${key}`, mounted("cache", key))),
  ...each("target dst size", (key) => corpus(`tmpfs ${key}`, mounted("tmpfs", key))),
  ...each("id target dst env required mode uid gid", (key) => corpus(`secret ${key}`, mounted("secret", key))),
  ...each("id target mode uid required", (key) => sshRow(`ssh ${key}`, mounted("ssh", key))),
  golden("graphs")("ssh gid", mounted("ssh", "gid")),
];

const substitutions: readonly Clause[] = [
  corpus("$v", /^(?:ENV|LABEL|COPY|WORKDIR|EXPOSE|USER)[^\n]*\$[a-zA-Z]/m),
  corpus("${v}", /\$\{\w+\}/),
  corpus("${v:-w}", /\$\{\w+:-/),
  corpus("${v-w}", /\$\{\w+-/),
  corpus("${v:+w}", /\$\{\w+:\+/),
  corpus("${v+w}", /\$\{\w+\+/),
  corpus("${v:?w}", /\$\{\w+:\?/),
  corpus("${v?w}", /\$\{\w+\?/),
  corpus("${v#p}", /\$\{\w+#[^#]/),
  corpus("${v##p}", /\$\{\w+##/),
  corpus("${v%p}", /\$\{\w+%[^%]/),
  corpus("${v%%p}", /\$\{\w+%%/),
  corpus("${v/p/r}", /\$\{\w+\/[^/]/),
  corpus("${v//p/r}", /\$\{\w+\/\//),
  corpus("\\$", /\\\$/),
  golden("words")("? in patterns", /\$\{\w+[#%/][^}]*\?/),
  golden("words")("* in patterns", /\$\{\w+[#%/][^}]*\*/),
];

const forms: readonly Clause[] = [
  corpus("shell form", /^RUN [a-z]/m),
  corpus("exec form", /^(?:RUN|CMD|ENTRYPOINT) \[/m),
  corpus("heredoc of RUN", /^RUN <</m),
  corpus("heredoc of COPY", /^COPY[^\n]*<</m),
  corpus("heredoc of ADD", /^ADD[^\n]*<</m),
  corpus("heredoc without tabs", /<<-/),
  corpus("heredoc without expansion", /<<-?["']/),
  corpus("heredocs in one line", /^(?:RUN|COPY|ADD)[^\n]*<<\w+[^\n]*<</m),
  corpus("heredoc with an interpreter", /<<-?"?\w+"?\n#!/),
  corpus("comments inside a line that goes on", /\\\n\s*#/),
  corpus("# escape=`", /^# *escape=`/m),
  corpus("# syntax=", /^# *syntax=/m),
  golden("checks")("# check=skip", /^# *check=skip=/m),
  golden("errors")("# check=error", /^# *check=.*error=true/m),
  golden("checks")("# check above an instruction", /^# check=skip=[^\n]*\n(?:ENV|RUN|COPY)/m),
  golden("checks")("an empty continuation", /NoEmptyContinuation/),
  corpus("ONBUILD of a base", /^FROM onbuild/m),
  golden("graphs")("ONBUILD COPY --from", /ONBUILD COPY --from/),
  corpus("ENTRYPOINT takes the base's CMD away", /^FROM configured[^]*^ENTRYPOINT/m),
  corpus("ENV key value", /^ENV \w+ /m),
  corpus("several ARGs in a line", /^ARG \w+\S* \w/m),
  corpus("VOLUME as JSON", /^VOLUME \[/m),
  corpus("VOLUME as words", /^VOLUME \//m),
  corpus("EXPOSE of a range", /^EXPOSE [^\n]*\d-\d/m),
  corpus("EXPOSE with a protocol", /^EXPOSE [^\n]*\/udp/m),
  corpus("HEALTHCHECK NONE", /^HEALTHCHECK NONE/m),
  golden("graphs")("--chmod in words", /--chmod=[ugoa]/),
  corpus("--chown by name", /--chown=[a-z]/),
  corpus("/./ of --parents", /^COPY --parents[^\n]*\/\.\//m),
  corpus("COPY with *", /^COPY [^\n-]*\*/m),
  corpus("COPY with **", /^COPY[^\n]*\*\*/m),
  corpus("ADD of an archive", /^ADD [^\n]*\.tar/m),
  corpus("FROM scratch", /^FROM scratch/m),
  corpus("stages by number", /--from=\d/),
  corpus("stages that nobody needs", /the last one needs|nothing needs|unused/i),
];

const ignored: readonly Clause[] = [
  corpus(".dockerignore", /^-- \.dockerignore --/m),
  corpus("ignore file of one Dockerfile", /^-- \S+\.dockerignore --/m),
  corpus("exceptions", /^!/m),
  corpus("** in patterns", /^\*\*\//m),
];

/** Arguments that are known without ARG before the first FROM or anybody's giving them. */
export const predefined: readonly Clause[] = [
  ...each("BUILDPLATFORM BUILDOS BUILDARCH BUILDVARIANT TARGETPLATFORM TARGETOS TARGETARCH TARGETVARIANT", (name) =>
    corpus(name, new RegExp(`^ARG [^\\n]*${name}`, "m")),
  ),
  golden("graphs")("TARGETSTAGE", /TARGETSTAGE/),
  golden("graphs")("BUILDOSVERSION", /BUILDOSVERSION/),
  golden("graphs")("TARGETOSVERSION", /TARGETOSVERSION/),
];

const given: readonly Clause[] = [
  ...each("HTTP_PROXY HTTPS_PROXY FTP_PROXY NO_PROXY ALL_PROXY no_proxy", (name) =>
    corpus(name, new RegExp(`^arg: ${name}=`, "m")),
  ),
  ...each(
    "BUILDKIT_CACHE_MOUNT_NS BUILDKIT_SANDBOX_HOSTNAME BUILDKIT_DOCKERFILE_CHECK BUILDKIT_MULTI_PLATFORM",
    (name) => switchRow(name, new RegExp(`${name}=`)),
  ),
  engine("sources", "a git repository as context: branch, tag, commit, folder")(
    "BUILDKIT_CONTEXT_KEEP_GIT_DIR",
    /BUILDKIT_CONTEXT_KEEP_GIT_DIR=1/,
  ),
  engine("caches", "the classic builder looks into images that are here")(
    "BUILDKIT_INLINE_CACHE",
    /BUILDKIT_INLINE_CACHE=/,
  ),
  engine(
    "outputs",
    "what was built at another time by another engine on another file system is the same to the last byte",
  )("SOURCE_DATE_EPOCH", /SOURCE_DATE_EPOCH/),
  ...each("GIT_AUTH_TOKEN HTTP_AUTH_TOKEN", (name) => privateRow(name, new RegExp(name))),
  ...each("GIT_AUTH_HEADER HTTP_AUTH_HEADER", (name) =>
    at("src/build/sources/credentials.test.ts")(name, new RegExp(name)),
  ),
];

const addresses: readonly Clause[] = [
  gitRow("a repository", /ADD \$\{git\.httpUrl\}|ADD [^\n]*git/),
  engine("sources", "a git repository as context: branch, tag, commit, folder")("#ref:folder", /#:deep\/er/),
  ...each("ref tag branch subdir checksum commit submodules keep-git-dir", (name) =>
    at("src/build/graph/git-url.test.ts")(`?${name}=`, new RegExp(`[?&]${name}=`)),
  ),
  engine("git-transports", "ssh with an agent's key: context, ADD, a named context; none without it")(
    "by ssh",
    /ssh:\/\//,
  ),
  engine("sources", "an archive or a Dockerfile at a web address as context")("an archive at an address", /\.tar/),
  engine("sources", "named contexts: a folder, an image, a repository, an archive")(
    "--build-context",
    /--build-context/,
  ),
  engine("sources", "images of OCI layouts, by tag, digest and platform; a damaged one and one that leads outside")(
    "oci-layout://",
    /oci-layout:\/\//,
  ),
  engine("berth-build", "the Dockerfile on standard input, and an archive")("-", /"-"/),
];

/** Everything of the language that has no table of its own. */
export const language: readonly Clause[] = [...substitutions, ...forms, ...ignored, ...given, ...addresses];

const builds = "tests/fault/builds.test.ts";
const refusals = (name: string, written: RegExp): Clause => at("tests/engine/build/refusals.test.ts")(name, written);
const bench = at("bench/builds.ts");

/** What has to hold of builds besides the language: figures, faults, bad input. */
export const demands: readonly Clause[] = [
  bench("ten RUN steps cold, and from the cache", /"ten RUN steps"[^]*"the same from the cache"/),
  bench("COPY of 10,000 files cold, one changed, unchanged", /new files[^]*one file changed[^]*unchanged/),
  engine(
    "memory",
    "a large context, layer and archive go through in pieces, and an unchanged context is not read again",
  )("a context of 1 GiB unchanged is not read again", /rchar|read/),
  engine("memory", "sixty builds leave nothing in memory")("memory flat", /memory/),
  at(builds, "an engine killed in a RUN leaves nothing, and the next build uses what was finished")(
    "kill -9 in a step",
    /kill\(\)/,
  ),
  at(builds, "an engine killed at any moment of a build")("kill -9 at any moment", /kill\(\)/),
  at(builds, "a client that leaves stops its command, nothing of the build is left")(
    "a client that leaves",
    /SIGKILL|kill/,
  ),
  at(builds, "two hundred builds of one Dockerfile at once run each step once")("two hundred builds at once", /200/),
  at(
    "tests/fault/disk-full.test.ts",
    "a build that fills the disk names the reason at its step, gives the space back, and what was built stays",
  )("a full disk", /No space|no space/),
  engine("commands", "a build that is cancelled ends its commands at once, and leaves nothing")(
    "cancelled builds",
    /SIGINT/,
  ),
  ...each(
    "FROM RUN CMD ENTRYPOINT LABEL ENV ARG ADD COPY WORKDIR USER VOLUME EXPOSE STOPSIGNAL SHELL MAINTAINER HEALTHCHECK ONBUILD",
    (name) => golden("errors")(`a wrong ${name}`, new RegExp(`^${name}\\b`, "m")),
  ),
  golden("errors")("a cycle", /circular|cycle/i),
  golden("errors")("an unknown stage", /buidl/),
  ...(
    [
      ["an unknown stage of an engine's build", /stage/],
      ["a COPY source that is missing", /not found/],
      ["links out of the context", /symlink|link/],
      ["a missing secret", /secret/],
      ["a failing RUN", /exit code/],
    ] as const
  ).map(([name, written]) => refusals(name, written)),
  webRow("a bad checksum", /digest mismatch/),
  engine("sources", "hostile archives: names and links that lead outside")("hostile archives", /\.\.\//),
  engine("sources", "hostile repositories: links out, options for addresses, programs as transports")(
    "hostile repositories",
    /--upload-pack/,
  ),
  at("tests/conformance/build-requests/instructions.ts")(
    "a malformed .dockerignore",
    /a \.dockerignore with a wrong pattern/,
  ),
];
