/** On whose behalf something is done. */
export interface Actor {
  /** The name that histories show. Empty for nobody known. */
  readonly name: string;
  /** The request that it came by; undefined for what the registry or an administrator's command does. */
  readonly request?: {
    readonly id: string;
    readonly address: string;
    readonly host: string;
    readonly method: string;
    readonly userAgent: string;
  };
}
