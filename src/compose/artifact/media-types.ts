/** Media types and annotations of a project in a registry, as docker compose writes and reads them. */
export const artifactTypes = {
  project: "application/vnd.docker.compose.project",
  composeFile: "application/vnd.docker.compose.file+yaml",
  environmentFile: "application/vnd.docker.compose.envfile",
  /** Of the configuration where a registry knows no artifact types. */
  emptyConfig: "application/vnd.docker.compose.config.empty.v1+json",
} as const;

export const artifactAnnotations = {
  version: "com.docker.compose.version",
  /** The file's own name. */
  composeFile: "com.docker.compose.file",
  environmentFile: "com.docker.compose.envfile",
  /** Of files that others extend. */
  extended: "com.docker.compose.extends",
} as const;
