import { createHash } from "node:crypto";

export const SPDX_TYPE = "https://spdx.dev/Document";

/** A package that a root file system holds. */
export interface FoundPackage {
  /** Package URL types (package-url/purl-spec). */
  readonly type: "deb" | "apk" | "npm" | "pypi";
  readonly name: string;
  readonly version: string;
  /** "" where the database does not say. */
  readonly architecture: string;
  /** An SPDX expression or what the database has for one; "" where it has none. */
  readonly license: string;
  /** The file that tells of it. */
  readonly source: string;
}

export interface SpdxFacts {
  /** What is described. */
  readonly name: string;
  /** ID of /etc/os-release, for package URLs; "" where there is none. */
  readonly distribution: string;
  readonly packages: readonly FoundPackage[];
  /** RFC 3339. */
  readonly created: string;
  readonly version: string;
}

/** An SPDX 2.3 document of packages (spdx.github.io/spdx-spec, JSON). The same packages give the same document. */
export function spdxDocument(facts: SpdxFacts): object {
  const sorted = facts.packages.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  const packages = sorted.map((found) => packageEntry(found, facts.distribution));
  const digest = createHash("sha256")
    .update(JSON.stringify([facts.name, packages]))
    .digest("hex");
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: facts.name,
    documentNamespace: `urn:berth:sbom:${digest}`,
    creationInfo: { created: facts.created.replace(/\.\d+Z$/, "Z"), creators: [`Tool: berth-${facts.version}`] },
    packages,
    relationships: packages.map(({ SPDXID }) => ({
      spdxElementId: "SPDXRef-DOCUMENT",
      relatedSpdxElement: SPDXID,
      relationshipType: "DESCRIBES",
    })),
  };
}

function packageEntry(found: FoundPackage, distribution: string): { readonly SPDXID: string } {
  const { type, name, version, license, source } = found;
  return {
    SPDXID: `SPDXRef-Package-${type}-${createHash("sha256").update(keyOf(found)).digest("hex").slice(0, 16)}`,
    name,
    ...{ versionInfo: version, downloadLocation: "NOASSERTION", filesAnalyzed: false },
    ...{ licenseConcluded: "NOASSERTION", licenseDeclared: "NOASSERTION", copyrightText: "NOASSERTION" },
    ...(license === "" ? {} : { licenseComments: `the database says: ${license}` }),
    sourceInfo: `acquired from ${source}`,
    externalRefs: [
      {
        referenceCategory: "PACKAGE-MANAGER",
        referenceType: "purl",
        referenceLocator: packageUrlOf(found, distribution),
      },
    ],
  } as { readonly SPDXID: string };
}

function packageUrlOf({ type, name, version, architecture }: FoundPackage, distribution: string): string {
  const isSystem = type === "deb" || type === "apk";
  const space = isSystem && distribution !== "" ? `${encodeURIComponent(distribution)}/` : "";
  const shown = type === "pypi" ? name.toLowerCase().replaceAll("_", "-") : name;
  const path = shown.split("/").map(encodeURIComponent).join("/");
  const qualifier = isSystem && architecture !== "" ? `?arch=${encodeURIComponent(architecture)}` : "";
  return `pkg:${type}/${space}${path}@${encodeURIComponent(version)}${qualifier}`;
}

const keyOf = ({ type, name, version, source }: FoundPackage): string => [type, name, version, source].join("\0");
