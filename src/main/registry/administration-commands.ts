import type { ArgumentRule, Command, Invocation } from "#cli/command.ts";
import { text, toggle, type FlagSpec } from "#cli/flags/flag-kind.ts";
import { rootFlag } from "./serve-flags.ts";

/** A command that is one operation on a registry, as data. */
interface Administration {
  readonly path: string;
  readonly usage: string;
  readonly summary: string;
  readonly description?: string;
  readonly operation: string;
  readonly args: ArgumentRule;
  readonly flags?: readonly FlagSpec[];
  /** What the operation is given. */
  readonly fields: (
    invocation: Invocation,
  ) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
}

const exactly = (count: number): ArgumentRule => ({ kind: "exactly", count });
const none: ArgumentRule = { kind: "none" };
const named =
  (...names: readonly string[]) =>
  ({ args }: Invocation): Readonly<Record<string, string>> =>
    Object.fromEntries(names.map((name, at) => [name, args[at] ?? ""]));

const passwordFlag: FlagSpec = {
  name: "password-stdin",
  kind: toggle,
  usage: "Take the password from standard input without asking",
};

const password = async (invocation: Invocation): Promise<string> =>
  (await import("./ask-password.ts")).askPassword(invocation);

const administrations: readonly Administration[] = [
  {
    path: "registry user add",
    usage: "[OPTIONS] NAME",
    summary: "Add a user, who owns the repositories NAME/…",
    operation: "user-put",
    args: exactly(1),
    flags: [{ name: "admin", kind: toggle, usage: "With all rights on everything" }, passwordFlag],
    fields: async (call) => ({
      name: call.args[0] ?? "",
      password: await password(call),
      admin: String(call.flags.on("admin")),
    }),
  },
  {
    path: "registry user password",
    usage: "[OPTIONS] NAME",
    summary: "Give a user another password",
    operation: "user-put",
    args: exactly(1),
    flags: [passwordFlag],
    fields: async (call) => ({ name: call.args[0] ?? "", password: await password(call), change: "true" }),
  },
  {
    path: "registry user rm",
    usage: "NAME",
    summary: "Remove a user with access tokens and grants; repositories stay",
    operation: "user-rm",
    args: exactly(1),
    fields: named("name"),
  },
  {
    path: "registry user ls",
    usage: "",
    summary: "List users",
    operation: "user-ls",
    args: none,
    fields: named(),
  },
  {
    path: "registry token create",
    usage: "[OPTIONS] USER",
    summary: "Make an access token, to be used in place of the user's password",
    description: "Make an access token, to be used in place of the user's password. It is shown this once.",
    operation: "token-create",
    args: exactly(1),
    flags: [
      { name: "label", kind: text, usage: "What it is for" },
      { name: "actions", kind: text, usage: "Rights it has at most", value: "pull,push,delete" },
      { name: "expires", kind: text, usage: "How long it is good (720h); for ever when not given" },
    ],
    fields: ({ args, flags }) => ({
      user: args[0] ?? "",
      label: flags.text("label"),
      actions: flags.text("actions"),
      expires: flags.text("expires"),
    }),
  },
  {
    path: "registry token ls",
    usage: "USER",
    summary: "List a user's access tokens",
    operation: "token-ls",
    args: exactly(1),
    fields: named("user"),
  },
  {
    path: "registry token rm",
    usage: "ID",
    summary: "Remove an access token",
    operation: "token-rm",
    args: exactly(1),
    fields: named("id"),
  },
  {
    path: "registry grant add",
    usage: "WHO REPOSITORIES RIGHTS",
    summary: "Give rights on repositories",
    description:
      "Give rights on repositories. WHO is a user, `users` (whoever signs in) or `anyone`. REPOSITORIES is a name in\nwhich * stands for any characters. RIGHTS are of pull, push and delete, separated by commas.",
    operation: "grant-add",
    args: exactly(3),
    fields: named("who", "pattern", "actions"),
  },
  {
    path: "registry grant rm",
    usage: "WHO REPOSITORIES",
    summary: "Take rights away",
    operation: "grant-rm",
    args: exactly(2),
    fields: named("who", "pattern"),
  },
  { path: "registry grant ls", usage: "", summary: "List grants", operation: "grant-ls", args: none, fields: named() },
  {
    path: "registry audit",
    usage: "[OPTIONS]",
    summary: "Show who changed what",
    operation: "audit",
    args: none,
    flags: [{ name: "limit", kind: text, usage: "How many entries, the newest first", value: "100" }],
    fields: ({ flags }) => ({ limit: flags.text("limit") }),
  },
  {
    path: "registry gc",
    usage: "",
    summary: "Remove what nobody can reach any more, now",
    operation: "gc",
    args: none,
    fields: named(),
  },
  {
    path: "registry scrub",
    usage: "",
    summary: "Read every blob and put aside what is damaged",
    operation: "scrub",
    args: none,
    fields: named(),
  },
  {
    path: "registry undelete",
    usage: "NAME:TAG|NAME@DIGEST",
    summary: "Bring back a deleted tag or manifest",
    operation: "undelete",
    args: exactly(1),
    fields: named("reference"),
  },
  {
    path: "registry history",
    usage: "[OPTIONS] NAME:TAG",
    summary: "Show what a tag pointed to",
    operation: "history",
    args: exactly(1),
    flags: [{ name: "at", kind: text, usage: "Only what it pointed to on this day or at this time" }],
    fields: ({ args, flags }) => ({ reference: args[0] ?? "", at: flags.text("at") }),
  },
  {
    path: "registry describe",
    usage: "[OPTIONS] NAME",
    summary: "Set what a repository says about itself",
    operation: "describe",
    args: exactly(1),
    flags: [
      { name: "description", kind: text, usage: "One line, shown by docker search" },
      { name: "readme", kind: text, usage: "File in Markdown, shown on the web page" },
    ],
    fields: ({ args, flags, io }) => ({
      repository: args[0] ?? "",
      ...(flags.given("description") ? { description: flags.text("description") } : {}),
      ...(flags.given("readme") ? { readme: io.readFile(flags.text("readme")) ?? "" } : {}),
    }),
  },
  {
    path: "registry policy set",
    usage: "[OPTIONS] REPOSITORIES",
    summary: "Say what stays, what goes and how much there may be",
    description:
      "Say what stays, what goes and how much there may be, in all repositories that fit the name, in which * stands for\nany characters. It takes the place of what was said for the same name.",
    operation: "policy-set",
    args: exactly(1),
    flags: [
      { name: "immutable", kind: text, usage: "Tags that are set once (v*)" },
      { name: "keep-last", kind: text, usage: "Keep the newest so many tags" },
      { name: "keep-days", kind: text, usage: "Keep tags set within so many days" },
      { name: "keep-tags", kind: text, usage: "Keep tags that fit (release-*)" },
      { name: "untagged-days", kind: text, usage: "Remove manifests without a tag after so many days" },
      { name: "quota", kind: text, usage: "Most bytes in all of them together (10GiB)" },
    ],
    fields: ({ args, flags }) => ({
      pattern: args[0] ?? "",
      immutable: flags.text("immutable"),
      keepLast: flags.text("keep-last"),
      keepDays: flags.text("keep-days"),
      keepTags: flags.text("keep-tags"),
      untaggedDays: flags.text("untagged-days"),
      quota: flags.text("quota"),
    }),
  },
  {
    path: "registry policy rm",
    usage: "REPOSITORIES",
    summary: "Remove a policy",
    operation: "policy-rm",
    args: exactly(1),
    fields: named("pattern"),
  },
  {
    path: "registry policy ls",
    usage: "",
    summary: "List policies, and how much of their quotas is used",
    operation: "policy-ls",
    args: none,
    fields: named(),
  },
  {
    path: "registry retention",
    usage: "[OPTIONS]",
    summary: "Remove what the policies do not keep, now",
    operation: "retention",
    args: none,
    flags: [{ name: "dry-run", kind: toggle, usage: "Only show what would go" }],
    fields: ({ flags }) => ({ "dry-run": String(flags.on("dry-run")) }),
  },
  {
    path: "registry webhook ls",
    usage: "[OPTIONS]",
    summary: "List events that webhooks were not told of: those given up (dead) and those that wait",
    operation: "webhook-ls",
    args: none,
    flags: [{ name: "limit", kind: text, usage: "How many, the dead first", value: "100" }],
    fields: ({ flags }) => ({ limit: flags.text("limit") }),
  },
  {
    path: "registry webhook retry",
    usage: "ID|all",
    summary: "Try again to tell of what was given up",
    operation: "webhook-retry",
    args: exactly(1),
    fields: named("id"),
  },
  {
    path: "registry webhook rm",
    usage: "ID|all",
    summary: "Drop an event, or all that were given up",
    operation: "webhook-rm",
    args: exactly(1),
    fields: named("id"),
  },
];

/** What an administrator does to a registry of this machine, while it serves or not. */
export const administrationCommands: readonly Command[] = administrations.map(
  ({ path, usage, summary, description, operation, args, flags = [], fields }) => ({
    kind: "command",
    paths: [path],
    usage:
      flags.length === 0 && usage === "" ? "[OPTIONS]" : usage.startsWith("[OPTIONS]") ? usage : `[OPTIONS] ${usage}`,
    summary,
    ...(description === undefined ? {} : { description }),
    flags: [...flags, rootFlag],
    args,
    load: async () => {
      const { administer } = await import("./control.ts");
      const { printAnswer } = await import("./print-answer.ts");
      return async (invocation) => {
        const answer = await administer(invocation.flags.text("root"), operation, await fields(invocation));
        printAnswer(answer, invocation.io);
        return 0;
      };
    },
  }),
);
