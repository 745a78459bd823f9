import { BerthError } from "#base/errors.ts";
import { storedCredentials } from "#cli/config/stored-credentials.ts";
import type { AuthConfig } from "#spec/docker/auth.ts";
import type { Project, Service } from "../load/project.ts";

/** The name is docker compose's: no file can have it. */
const credentialsKey = "#apisocket";
const socketInside = "/var/run/docker.sock";
const folderInside = "/run/secrets/docker";

/** What a service with `use_api_socket` is given. */
export interface ApiAccess {
  /** The engine's address: `unix:///run/berth/berth.sock`. */
  readonly host: string;
  readonly credentials: Readonly<Record<string, Partial<AuthConfig>>>;
}

/**
 * Services with `use_api_socket` get the engine's socket and the credentials for registries, with `DOCKER_CONFIG` to find
 * them. `invalid-parameter` when the engine has no socket on this machine.
 */
export async function withApiSocket(project: Project, access: () => Promise<ApiAccess>): Promise<Project> {
  const asking = [...project.services.values()].filter(({ use_api_socket }) => use_api_socket === true);
  if (asking.length === 0) return project;
  const { host, credentials } = await access();
  const socket = /^unix:\/\/(\/.*)$/u.exec(host)?.[1];
  if (socket === undefined)
    throw new BerthError(
      "invalid-parameter",
      `service ${JSON.stringify(asking[0]?.name)}: use_api_socket needs an engine with a socket on this machine, not ${host}`,
    );
  const content = storedCredentials(credentials);
  const given = new Map(asking.map((service) => [service.name, withSocket(service, socket)]));
  return {
    ...project,
    services: new Map([...project.services].map(([name, service]) => [name, given.get(name) ?? service])),
    configs: new Map(project.configs).set(credentialsKey, {
      key: credentialsKey,
      name: `${project.name}_${credentialsKey}`,
      external: false,
      content,
    }),
  };
}

const withSocket = (service: Service, source: string): Service => ({
  ...service,
  environment: { DOCKER_CONFIG: folderInside, ...service.environment },
  volumes: [...(service.volumes ?? []), { type: "bind", source, target: socketInside }],
  configs: [...(service.configs ?? []), { source: credentialsKey, target: `${folderInside}/config.json` }],
});
