export const DEFAULT_HOST = "unix:///run/berth/berth.sock";

/** Global flags and variables that say which engine to talk to and how. */
export interface EngineChoice {
  readonly host: string;
  readonly tls:
    | {
        readonly verify: boolean;
        readonly caPath: string;
        readonly certPath: string;
        readonly keyPath: string;
        /** Without a file of authorities the system's count, as for a context; else there must be one. */
        readonly systemAuthorities?: true;
      }
    | undefined;
}
