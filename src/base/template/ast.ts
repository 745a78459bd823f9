/** A parsed Go template (text/template). Positions are byte-like offsets into the source, for messages. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly pipeline: Pipeline; readonly at: Position }
  | {
      readonly kind: "if" | "with";
      readonly pipeline: Pipeline;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | {
      readonly kind: "range";
      readonly pipeline: Pipeline;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
      readonly at: Position;
    }
  | { readonly kind: "template"; readonly name: string; readonly pipeline: Pipeline | undefined; readonly at: Position }
  | { readonly kind: "break" | "continue" };

export interface Pipeline {
  readonly variables: readonly string[];
  /** `$x = …` instead of `$x := …`. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

export interface Command {
  readonly operands: readonly [Operand, ...Operand[]];
  /** The source text, for messages. */
  readonly source: string;
}

export type Operand =
  | { readonly kind: "dot"; readonly at: Position }
  | { readonly kind: "nil"; readonly at: Position }
  | { readonly kind: "literal"; readonly value: string | number | boolean; readonly at: Position }
  /** `.A.B` (fields of dot). */
  | { readonly kind: "field"; readonly names: readonly string[]; readonly source: string; readonly at: Position }
  /** `$x.A.B`. */
  | {
      readonly kind: "variable";
      readonly name: string;
      readonly names: readonly string[];
      readonly source: string;
      readonly at: Position;
    }
  /** A function's name. */
  | { readonly kind: "function"; readonly name: string; readonly at: Position }
  /** `(pipeline).A.B`. */
  | {
      readonly kind: "chain";
      readonly pipeline: Pipeline;
      readonly names: readonly string[];
      readonly source: string;
      readonly at: Position;
    };

export interface Template {
  readonly name: string;
  readonly nodes: readonly Node[];
  /** Templates made by `define` and `block`. */
  readonly defined: ReadonlyMap<string, readonly Node[]>;
}

/** A mistake in a template or in running it; the message is Go's. */
export class TemplateError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "TemplateError";
  }
}
