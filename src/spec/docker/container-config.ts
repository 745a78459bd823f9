import {
  dict,
  emptyObject,
  flag,
  int,
  int64,
  list,
  nullable,
  omitEmpty,
  struct,
  text,
  words,
  type Decoded,
} from "./schema.ts";

/** Durations are nanoseconds, as everywhere in the Engine API. */
const healthConfig = struct("container.HealthConfig", {
  Test: omitEmpty(list(text)),
  Interval: omitEmpty(int64),
  Timeout: omitEmpty(int64),
  StartPeriod: omitEmpty(int64),
  StartInterval: omitEmpty(int64),
  Retries: omitEmpty(int),
});
export type HealthConfig = Decoded<typeof healthConfig>;

const fields = {
  Hostname: text,
  Domainname: text,
  User: text,
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  ExposedPorts: omitEmpty(dict(emptyObject)),
  Tty: flag,
  OpenStdin: flag,
  StdinOnce: flag,
  Env: list(text),
  Cmd: words,
  Healthcheck: omitEmpty(nullable(healthConfig)),
  ArgsEscaped: omitEmpty(flag),
  Image: text,
  Volumes: dict(emptyObject),
  WorkingDir: text,
  Entrypoint: words,
  NetworkDisabled: omitEmpty(flag),
  MacAddress: omitEmpty(text),
  OnBuild: list(text),
  Labels: dict(text),
  StopSignal: omitEmpty(text),
  StopTimeout: omitEmpty(nullable(int)),
  Shell: omitEmpty(words),
} as const;

/**
 * What a container runs, independent of the machine (Engine API definition `ContainerConfig`). The same shape stands in
 * an image's config. Every property is present after decoding; lists and maps that were not given are null.
 */
export const containerConfig = struct("container.Config", fields);
/** The same properties in the body of create, which decode errors call by another name. */
export const createRequestConfig = struct("container.CreateRequest", fields);
export type ContainerConfig = Decoded<typeof containerConfig>;
