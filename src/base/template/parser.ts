import {
  TemplateError,
  type Command,
  type Node,
  type Operand,
  type Pipeline,
  type Position,
  type Template,
} from "./ast.ts";
import { lex, type Piece, type Token } from "./lexer.ts";

/** Parses a Go template; unknown functions and syntax are {@link TemplateError}s in Go's words. */
export function parseTemplate(source: string, functions: ReadonlySet<string>, name = ""): Template {
  return new Parser(name, source, functions).template();
}

type Action = Extract<Piece, { kind: "action" }>;
type Ending = { readonly word: "end" } | { readonly word: "else"; readonly action: Action };

class Parser {
  readonly #name: string;
  readonly #source: string;
  readonly #functions: ReadonlySet<string>;
  readonly #pieces: readonly Piece[];
  readonly #defined = new Map<string, readonly Node[]>();
  #next = 0;
  #variables: string[] = ["$"];
  #loops = 0;

  constructor(name: string, source: string, functions: ReadonlySet<string>) {
    this.#name = name;
    this.#source = source;
    this.#functions = functions;
    this.#pieces = lex(name, source);
  }

  template(): Template {
    const { nodes, ending } = this.#list();
    if (ending !== undefined) throw this.#error(this.#lineOfPrevious(), `unexpected {{${ending.word}}}`);
    return { name: this.#name, nodes, defined: this.#defined };
  }

  /** Nodes up to `end`, `else` or the source's end. */
  #list(): { readonly nodes: readonly Node[]; readonly ending: Ending | undefined } {
    const nodes: Node[] = [];
    while (this.#next < this.#pieces.length) {
      const piece = this.#pieces[this.#next] as Piece;
      this.#next += 1;
      if (piece.kind === "text") {
        nodes.push(piece);
        continue;
      }
      const [first] = piece.tokens;
      if (first?.kind === "word" && first.text === "end") {
        this.#nothingAfter(piece, 1, "end");
        return { nodes, ending: { word: "end" } };
      }
      if (first?.kind === "word" && first.text === "else") return { nodes, ending: { word: "else", action: piece } };
      const node = this.#action(piece);
      if (node !== undefined) nodes.push(node);
    }
    return { nodes, ending: undefined };
  }

  #action(piece: Action): Node | undefined {
    const [first] = piece.tokens;
    const word = first?.kind === "word" ? first.text : "";
    switch (word) {
      case "if":
      case "with":
        return this.#conditional(word, piece, 1);
      case "range":
        return this.#range(piece);
      case "define":
        this.#define(piece);
        return undefined;
      case "block":
        return this.#block(piece);
      case "template":
        return this.#invocation(piece);
      case "break":
      case "continue":
        this.#nothingAfter(piece, 1, word);
        if (this.#loops === 0) throw this.#error(piece.at, `{{${word}}} outside {{range}}`);
        return { kind: word };
      default:
        return { kind: "action", pipeline: this.#pipeline(piece, 0, "command"), at: first?.at ?? piece.at };
    }
  }

  #conditional(kind: "if" | "with", piece: Action, skip: number): Node {
    const depth = this.#variables.length;
    const pipeline = this.#pipeline(piece, skip, kind);
    const { nodes: body, ending } = this.#list();
    const otherwise = this.#otherwise(kind, ending, piece.at);
    this.#variables.length = depth;
    return { kind, pipeline, body, otherwise };
  }

  #otherwise(kind: "if" | "with" | "range", ending: Ending | undefined, at: Position): readonly Node[] {
    if (ending === undefined) throw this.#error(this.#lineOfEnd(), "unexpected EOF");
    if (ending.word === "end") return [];
    const [, second] = ending.action.tokens;
    if (second !== undefined) {
      const chained = second.kind === "word" && second.text === kind && kind !== "range";
      if (!chained) throw this.#error(ending.action.at, `unexpected ${tokenName(second)} in else`);
      return [this.#conditional(kind, ending.action, 2)];
    }
    const { nodes, ending: last } = this.#list();
    if (last === undefined) throw this.#error(this.#lineOfEnd(), "unexpected EOF");
    if (last.word === "else") throw this.#error(at, "expected end; found {{else}}");
    return nodes;
  }

  #range(piece: Action): Node {
    const depth = this.#variables.length;
    const pipeline = this.#pipeline(piece, 1, "range");
    this.#loops += 1;
    const { nodes: body, ending } = this.#list();
    this.#loops -= 1;
    const otherwise = this.#otherwise("range", ending, piece.at);
    this.#variables.length = depth;
    return { kind: "range", pipeline, body, otherwise, at: piece.tokens[1]?.at ?? piece.at };
  }

  #define(piece: Action): void {
    const [, name, ...more] = piece.tokens;
    if (name?.kind !== "string")
      throw this.#error(piece.at, `unexpected ${name === undefined ? "<}}>" : tokenName(name)} in define clause`);
    if (more[0] !== undefined) throw this.#error(piece.at, `unexpected ${tokenName(more[0])} in define clause`);
    this.#setDefined(name.text, piece.at, this.#ownList());
  }

  #block(piece: Action): Node {
    const [, name] = piece.tokens;
    if (name?.kind !== "string")
      throw this.#error(piece.at, `unexpected ${name === undefined ? "<}}>" : tokenName(name)} in block clause`);
    const pipeline = this.#pipeline(piece, 2, "block clause");
    this.#setDefined(name.text, piece.at, this.#ownList());
    return { kind: "template", name: name.text, pipeline, at: piece.at };
  }

  #setDefined(name: string, at: Position, nodes: readonly Node[]): void {
    if (this.#defined.has(name))
      throw this.#error(at, `template: multiple definition of template ${JSON.stringify(name)}`);
    this.#defined.set(name, nodes);
  }

  /** A template of its own: no variables from outside. */
  #ownList(): readonly Node[] {
    const [variables, loops] = [this.#variables, this.#loops];
    [this.#variables, this.#loops] = [["$"], 0];
    const { nodes, ending } = this.#list();
    if (ending?.word !== "end")
      throw this.#error(
        this.#lineOfEnd(),
        ending === undefined ? "unexpected EOF" : "unexpected {{else}} in define clause",
      );
    [this.#variables, this.#loops] = [variables, loops];
    return nodes;
  }

  #invocation(piece: Action): Node {
    const [, name] = piece.tokens;
    if (name?.kind !== "string")
      throw this.#error(piece.at, `unexpected ${name === undefined ? "<}}>" : tokenName(name)} in template clause`);
    const pipeline = piece.tokens.length > 2 ? this.#pipeline(piece, 2, "template clause") : undefined;
    return { kind: "template", name: name.text, pipeline, at: name.at };
  }

  #pipeline(piece: Action, skip: number, context: string): Pipeline {
    const reader = new PipelineReader(
      piece,
      skip,
      this.#variables,
      this.#functions,
      (at, message) => this.#error(at, message),
      context,
      this.#source,
    );
    return reader.whole();
  }

  #nothingAfter(piece: Action, count: number, word: string): void {
    const extra = piece.tokens[count];
    if (extra !== undefined) throw this.#error(piece.at, `unexpected ${tokenName(extra)} in ${word}`);
  }

  #lineOfPrevious(): Position {
    const previous = this.#pieces[this.#next - 1];
    return previous?.kind === "action" ? previous.at : { line: 1, column: 0 };
  }

  #lineOfEnd(): Position {
    return { line: this.#source.split("\n").length, column: 0 };
  }

  #error(at: Position, message: string): TemplateError {
    return new TemplateError(`template: ${this.#name}:${String(at.line)}: ${message}`);
  }
}

class PipelineReader {
  readonly #tokens: readonly Token[];
  readonly #variables: string[];
  readonly #functions: ReadonlySet<string>;
  readonly #fail: (at: Position, message: string) => TemplateError;
  readonly #context: string;
  readonly #source: string;
  readonly #at: Position;
  #next: number;

  constructor(
    piece: Action,
    skip: number,
    variables: string[],
    functions: ReadonlySet<string>,
    fail: (at: Position, message: string) => TemplateError,
    context: string,
    source: string,
  ) {
    this.#tokens = piece.tokens;
    this.#next = skip;
    this.#at = piece.at;
    this.#variables = variables;
    this.#functions = functions;
    this.#fail = fail;
    this.#context = context;
    this.#source = source;
  }

  whole(): Pipeline {
    const pipeline = this.#pipeline();
    const extra = this.#tokens[this.#next];
    if (extra !== undefined) throw this.#fail(extra.at, `unexpected ${tokenName(extra)} in ${this.#context}`);
    return pipeline;
  }

  #pipeline(): Pipeline {
    const { names, assigns } = this.#declaration();
    const commands: Command[] = [];
    for (;;) {
      commands.push(this.#command(commands.length > 0));
      if (this.#peek()?.kind !== "pipe") break;
      this.#next += 1;
      // Go lets a pipeline end with its bar.
      if (this.#peek() === undefined) break;
    }
    if (!assigns) this.#variables.push(...names);
    return { variables: names, assigns, commands };
  }

  /** `$x :=`, `$x =`, `$i, $x :=` (range only). */
  #declaration(): { readonly names: readonly string[]; readonly assigns: boolean } {
    const [first, second, third, fourth] = this.#tokens.slice(this.#next, this.#next + 4);
    if (first?.kind === "variable" && (second?.kind === "declare" || second?.kind === "assign")) {
      this.#next += 2;
      if (second.kind === "assign") this.#known(first);
      return { names: [first.text], assigns: second.kind === "assign" };
    }
    const two = first?.kind === "variable" && second?.kind === "comma" && third?.kind === "variable";
    if (two && (fourth?.kind === "declare" || fourth?.kind === "assign")) {
      if (this.#context !== "range") throw this.#fail(first.at, `too many declarations in ${this.#context}`);
      this.#next += 4;
      return { names: [first.text, third.text], assigns: fourth.kind === "assign" };
    }
    return { names: [], assigns: false };
  }

  #command(piped: boolean): Command {
    const operands: Operand[] = [];
    const start = this.#peek();
    for (
      let token = this.#peek();
      token !== undefined && token.kind !== "pipe" && token.kind !== "close";
      token = this.#peek()
    ) {
      if (operands.length > 0 && !token.spaced && token.kind !== "open") {
        throw this.#fail(token.at, `unexpected ${tokenName(token)} in operand`);
      }
      operands.push(this.#operand(token));
    }
    const [first, ...more] = operands;
    if (first === undefined) {
      if (piped || start !== undefined) throw this.#fail(start?.at ?? this.#at, `missing value for ${this.#context}`);
      throw this.#fail(this.#at, `missing value for ${this.#context}`);
    }
    if (piped && (first.kind === "literal" || first.kind === "nil" || first.kind === "dot")) {
      throw this.#fail(first.at, `non executable command in pipeline stage 2`);
    }
    const last = this.#tokens[this.#next - 1];
    const source = start === undefined || last === undefined ? "" : this.#source.slice(start.start, last.end);
    return { operands: [first, ...more], source };
  }

  #operand(token: Token): Operand {
    this.#next += 1;
    const { at } = token;
    switch (token.kind) {
      case "field": {
        const names = [token.text, ...this.#fields()];
        return { kind: "field", names, source: `.${names.join(".")}`, at: this.#tokens[this.#next - 1]?.at ?? at };
      }
      case "dot": {
        const next = this.#peek();
        if (next?.kind === "field" && !next.spaced) throw this.#fail(at, 'unexpected . after term "."');
        return { kind: "dot", at };
      }
      case "variable": {
        this.#known(token);
        const names = this.#fields();
        return { kind: "variable", name: token.text, names, source: [token.text, ...names].join("."), at };
      }
      case "word":
        return this.#word(token);
      case "string":
        return this.#literal(token.text, at);
      case "char":
        return this.#literal(token.text.codePointAt(0) ?? 0, at);
      case "number":
        return this.#literal(Number(token.text.replaceAll("_", "")), at);
      case "open": {
        const start = token.start;
        const pipeline = this.#pipeline();
        const close = this.#peek();
        if (close?.kind !== "close") {
          throw this.#fail(
            at,
            close === undefined ? "unclosed left paren" : `unexpected ${tokenName(close)} in parenthesized pipeline`,
          );
        }
        this.#next += 1;
        const names = this.#fields();
        return {
          kind: "chain",
          pipeline,
          names,
          source: this.#source.slice(start, this.#tokens[this.#next - 1]?.end ?? start),
          at,
        };
      }
      default:
        throw this.#fail(at, `unexpected ${tokenName(token)} in ${this.#context}`);
    }
  }

  #word(token: Token): Operand {
    if (token.text === "true" || token.text === "false") return this.#literal(token.text === "true", token.at);
    if (token.text === "nil") return { kind: "nil", at: token.at };
    if (["if", "with", "range", "end", "else", "define", "template", "block"].includes(token.text)) {
      throw this.#fail(token.at, `unexpected <${token.text}> in ${this.#context}`);
    }
    if (!this.#functions.has(token.text))
      throw this.#fail(token.at, `function ${JSON.stringify(token.text)} not defined`);
    return { kind: "function", name: token.text, at: token.at };
  }

  #literal(value: string | number | boolean, at: Position): Operand {
    const next = this.#peek();
    if (next?.kind === "field" && !next.spaced)
      throw this.#fail(at, `unexpected . after term ${JSON.stringify(value)}`);
    return { kind: "literal", value, at };
  }

  /** `.A.B` directly after an operand. */
  #fields(): readonly string[] {
    const names: string[] = [];
    for (let token = this.#peek(); token?.kind === "field" && !token.spaced; token = this.#peek()) {
      names.push(token.text);
      this.#next += 1;
    }
    return names;
  }

  #known(token: Token): void {
    if (!this.#variables.includes(token.text))
      throw this.#fail(token.at, `undefined variable ${JSON.stringify(token.text)}`);
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#next];
  }
}

function tokenName(token: Token): string {
  switch (token.kind) {
    case "word":
      return ["if", "with", "range", "end", "else", "define", "template", "block"].includes(token.text)
        ? `<${token.text}>`
        : JSON.stringify(token.text);
    case "field":
      return `<.${token.text}>`;
    case "dot":
      return "<.>";
    case "string":
      return JSON.stringify(JSON.stringify(token.text));
    default:
      return JSON.stringify(token.text);
  }
}
