import { quoteGo } from "#base/quote-go.ts";

/**
 * The build checks. Names, descriptions, addresses and sentences are BuildKit's, so that what people know of them, and what
 * they wrote in `# check=`, stays true. Source: the documentation of the Dockerfile front end, "Build checks".
 */
export interface LintRule {
  readonly name: string;
  readonly description: string;
  /** Of the page that explains it; empty for one without a page. */
  readonly url: string;
  /** Off unless asked for. */
  readonly experimental: boolean;
}

const rule = (name: string, description: string, page: string, experimental = false): LintRule => ({
  name,
  description,
  url: page === "" ? "" : `https://docs.docker.com/go/dockerfile/rule/${page}/`,
  experimental,
});

export const RULES = {
  stageNameCasing: rule("StageNameCasing", "Stage names should be lowercase", "stage-name-casing"),
  fromAsCasing: rule("FromAsCasing", "The 'as' keyword should match the case of the 'from' keyword", "from-as-casing"),
  noEmptyContinuation: rule(
    "NoEmptyContinuation",
    "Empty continuation lines will become errors in a future release",
    "no-empty-continuation",
  ),
  consistentInstructionCasing: rule(
    "ConsistentInstructionCasing",
    "All commands within the Dockerfile should use the same casing (either upper or lower)",
    "consistent-instruction-casing",
  ),
  duplicateStageName: rule("DuplicateStageName", "Stage names should be unique", "duplicate-stage-name"),
  reservedStageName: rule(
    "ReservedStageName",
    "Reserved words should not be used as stage names",
    "reserved-stage-name",
  ),
  jsonArgsRecommended: rule(
    "JSONArgsRecommended",
    "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals",
    "json-args-recommended",
  ),
  maintainerDeprecated: rule(
    "MaintainerDeprecated",
    "The MAINTAINER instruction is deprecated, use a label instead to define an image author",
    "maintainer-deprecated",
  ),
  undefinedArgInFrom: rule("UndefinedArgInFrom", "FROM command must use declared ARGs", "undefined-arg-in-from"),
  workdirRelativePath: rule(
    "WorkdirRelativePath",
    "Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes",
    "workdir-relative-path",
  ),
  undefinedVar: rule("UndefinedVar", "Variables should be defined before their use", "undefined-var"),
  multipleInstructionsDisallowed: rule(
    "MultipleInstructionsDisallowed",
    "Multiple instructions of the same type should not be used in the same stage",
    "multiple-instructions-disallowed",
  ),
  legacyKeyValueFormat: rule(
    "LegacyKeyValueFormat",
    "Legacy key/value format with whitespace separator should not be used",
    "legacy-key-value-format",
  ),
  invalidBaseImagePlatform: rule(
    "InvalidBaseImagePlatform",
    "Base image platform does not match expected target platform",
    "",
  ),
  redundantTargetPlatform: rule(
    "RedundantTargetPlatform",
    "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior",
    "redundant-target-platform",
  ),
  secretsUsedInArgOrEnv: rule(
    "SecretsUsedInArgOrEnv",
    "Sensitive data should not be used in the ARG or ENV commands",
    "secrets-used-in-arg-or-env",
  ),
  invalidDefaultArgInFrom: rule(
    "InvalidDefaultArgInFrom",
    "Default value for global ARG results in an empty or invalid base image name",
    "invalid-default-arg-in-from",
  ),
  fromPlatformFlagConstDisallowed: rule(
    "FromPlatformFlagConstDisallowed",
    "FROM --platform flag should not use a constant value",
    "from-platform-flag-const-disallowed",
  ),
  copyIgnoredFile: rule(
    "CopyIgnoredFile",
    "Attempting to Copy file that is excluded by .dockerignore",
    "copy-ignored-file",
  ),
  invalidDefinitionDescription: rule(
    "InvalidDefinitionDescription",
    "Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.",
    "invalid-definition-description",
    true,
  ),
  exposeProtoCasing: rule(
    "ExposeProtoCasing",
    "Protocol in EXPOSE instruction should be lowercase",
    "expose-proto-casing",
  ),
  exposeInvalidFormat: rule(
    "ExposeInvalidFormat",
    "IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release",
    "expose-invalid-format",
  ),
} as const;

const meant = (near: string | undefined, mark = ""): string =>
  near === undefined ? "" : ` (did you mean ${mark}${near}?)`;

/** What is said of one place. */
export const SENTENCES = {
  stageNameCasing: (name: string) => `Stage name '${name}' should be lowercase`,
  fromAsCasing: (from: string, as: string) => `'${as}' and '${from}' keywords' casing do not match`,
  noEmptyContinuation: () => "Empty continuation line",
  consistentInstructionCasing: (keyword: string, casing: "lowercase" | "uppercase") =>
    `Command '${keyword}' should match the case of the command majority (${casing})`,
  duplicateStageName: (name: string) => `Duplicate stage name ${quoteGo(name)}, stage names should be unique`,
  reservedStageName: (name: string) => `Stage name should not use the same name as reserved stage ${quoteGo(name)}`,
  jsonArgsRecommended: (keyword: string) =>
    `JSON arguments recommended for ${keyword} to prevent unintended behavior related to OS signals`,
  maintainerDeprecated: () => "Maintainer instruction is deprecated in favor of using label",
  undefinedArgInFrom: (name: string, near: string | undefined) =>
    `FROM argument '${name}' is not declared${meant(near)}`,
  workdirRelativePath: (path: string) =>
    `Relative workdir ${quoteGo(path)} can have unexpected results if the base image changes`,
  undefinedVar: (name: string, near: string | undefined) => `Usage of undefined variable '$${name}'${meant(near, "$")}`,
  multipleInstructionsDisallowed: (keyword: string) =>
    `Multiple ${keyword} instructions should not be used in the same stage because only the last one will be used`,
  legacyKeyValueFormat: (keyword: string) =>
    `"${keyword} key=value" should be used instead of legacy "${keyword} key value" format`,
  invalidBaseImagePlatform: (image: string, expected: string, actual: string) =>
    `Base image ${image} was pulled with platform ${quoteGo(actual)}, expected ${quoteGo(expected)} for current build`,
  redundantTargetPlatform: (written: string) =>
    `Setting platform to predefined ${written} in FROM is redundant as this is the default behavior`,
  secretsUsedInArgOrEnv: (instruction: string, key: string) =>
    `Do not use ARG or ENV instructions for sensitive data (${instruction} ${quoteGo(key)})`,
  invalidDefaultArgInFrom: (base: string) =>
    `Default value for ARG ${base} results in empty or invalid base image name`,
  fromPlatformFlagConstDisallowed: (platform: string) =>
    `FROM --platform flag should not use constant value ${quoteGo(platform)}`,
  copyIgnoredFile: (verb: "Copy" | "Add", path: string) =>
    `Attempting to ${verb} file ${quoteGo(path)} that is excluded by .dockerignore`,
  invalidDefinitionDescription: (instruction: string, name: string) =>
    `Comment for ${instruction} should follow the format: \`# ${name} <description>\``,
  exposeProtoCasing: (port: string) => `Defined protocol '${port}' in EXPOSE instruction should be lowercase`,
  exposeInvalidFormat: (port: string) =>
    `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`,
} as const;

export type RuleKey = keyof typeof RULES;
