/** What a comment line `name description` says of a stage or an argument; undefined when none begins with the name. */
export function descriptionOf(comments: readonly string[], name: string): string | undefined {
  return comments.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1);
}
