import { BerthError } from "#base/errors.ts";

/** One `--attest`: BuildKit's types and attributes. */
export interface AttestRequest {
  readonly type: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What is to be said of images beside them. */
export interface Attestations {
  readonly provenance:
    | {
        /** `max` also tells build arguments and every step. */
        readonly mode: "min" | "max";
        /** A URI of the builder; empty: none is claimed. */
        readonly builderId: string;
        readonly reproducible: boolean;
      }
    | undefined;
  readonly sbom: boolean;
}

/** `not-implemented` for types and attributes by their names, `invalid-parameter` for values. A later one goes before. */
export function attestations(requests: readonly AttestRequest[]): Attestations {
  let provenance: Attestations["provenance"];
  let sbom = false;
  for (const request of requests) {
    const { type, attributes } = request;
    const isOff = flag(request, "disabled");
    if (type === "provenance") {
      only(request, ["mode", "builder-id", "reproducible", "version", "disabled"]);
      const { mode = "min", version = "v1", "builder-id": builderId = "" } = attributes;
      if (mode !== "min" && mode !== "max") throw wrong(`provenance mode=${mode}: min or max`);
      if (version !== "v1") throw new BerthError("not-implemented", `provenance version=${version}: v1 is made`);
      provenance = isOff ? undefined : { mode, builderId, reproducible: flag(request, "reproducible") };
    } else if (type === "sbom") {
      only(request, ["disabled"]);
      sbom = !isOff;
    } else throw new BerthError("not-implemented", `--attest type=${type}: provenance and sbom are known`);
  }
  return { provenance, sbom };
}

function flag({ type, attributes }: AttestRequest, name: string): boolean {
  const value = attributes[name] ?? "false";
  if (/^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw wrong(`${type} ${name}=${value} is neither true nor false`);
}

function only({ type, attributes }: AttestRequest, known: readonly string[]): void {
  const unknown = Object.keys(attributes).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new BerthError("not-implemented", `--attest type=${type} does not know ${unknown}`);
}

const wrong = (why: string): BerthError => new BerthError("invalid-parameter", `--attest ${why}`);
