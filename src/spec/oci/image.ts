/**
 * Image documents as they stand on the wire. Sources: OCI image-spec 1.1 `descriptor.md`, `manifest.md`,
 * `image-index.md`, `config.md`; Docker Image Specification v1.3 for the fields OCI leaves out (Healthcheck, OnBuild,
 * Shell, ArgsEscaped, container_config). Field names are the wire's. Parsers are in `parse-image.ts`.
 */
export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:<64 hex>` or `sha512:<128 hex>`. */
  readonly digest: string;
  readonly size: number;
  readonly urls?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  /** Base64 of the content itself. */
  readonly data?: string;
  readonly platform?: DescriptorPlatform;
  readonly artifactType?: string;
}

export interface DescriptorPlatform {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly "os.version"?: string;
  readonly "os.features"?: readonly string[];
}

export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly artifactType?: string;
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ImageIndex {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
  readonly artifactType?: string;
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface HealthcheckConfig {
  /** `["NONE"]`, `["CMD", …]`, `["CMD-SHELL", "…"]`; empty or absent inherits. */
  readonly Test?: readonly string[];
  /** Nanoseconds, as all durations here. */
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

/** Defaults for containers of an image: the `config` object. Absent and null are the same; the parser drops nulls. */
export interface ContainerDefaults {
  readonly User?: string;
  /** Keys like `80/tcp`. */
  readonly ExposedPorts?: Readonly<Record<string, unknown>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, unknown>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  readonly ArgsEscaped?: boolean;
  readonly Hostname?: string;
  readonly Domainname?: string;
  readonly Healthcheck?: HealthcheckConfig;
  readonly OnBuild?: readonly string[];
  readonly Shell?: readonly string[];
  /** Seconds. */
  readonly StopTimeout?: number;
}

export interface ImageHistory {
  /** RFC 3339. */
  readonly created?: string;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

export interface ImageConfig {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly "os.version"?: string;
  readonly "os.features"?: readonly string[];
  /** RFC 3339. */
  readonly created?: string;
  readonly author?: string;
  readonly config?: ContainerDefaults;
  readonly rootfs: { readonly type: "layers"; readonly diff_ids: readonly string[] };
  readonly history?: readonly ImageHistory[];
  /** Docker's builder wrote these; kept so that inspect can show them. */
  readonly docker_version?: string;
  readonly comment?: string;
  readonly container?: string;
  readonly parent?: string;
}
