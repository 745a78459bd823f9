/** A driver's options as the client gave them. */
export type LogOptions = Readonly<Record<string, string>>;
