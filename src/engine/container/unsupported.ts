import { BerthError } from "#base/errors.ts";
import type { CreateRequest } from "#spec/docker/container.ts";

type Setting = readonly [name: string, isSet: (request: CreateRequest) => boolean];

const any = (value: readonly unknown[] | Readonly<Record<string, unknown>> | null): boolean =>
  value !== null && Object.keys(value).length > 0;

/** Settings of the API that this engine knows and cannot carry out yet. */
const settings: readonly Setting[] = [
  ["NetworkingConfig.EndpointsConfig.Links", (request) => endpoints(request).some(({ Links }) => any(Links))],
  [
    "NetworkingConfig.EndpointsConfig.DriverOpts",
    (request) => endpoints(request).some(({ DriverOpts }) => any(DriverOpts)),
  ],
];

const endpoints = (request: CreateRequest) =>
  Object.values(request.networkingConfig.EndpointsConfig ?? {}).filter((endpoint) => endpoint !== null);

/** `not-implemented` naming every setting that was asked for and is not supported; nothing is ever ignored. */
export function refuseUnsupported(request: CreateRequest): void {
  const refused = settings.filter(([, isSet]) => isSet(request)).map(([name]) => name);
  if (refused.length === 0) return;
  throw new BerthError("not-implemented", `not supported by this engine yet: ${refused.join(", ")}`);
}
