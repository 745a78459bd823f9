import {
  TemplateError,
  type Command,
  type Node,
  type Operand,
  type Pipeline,
  type Position,
  type Template,
} from "./ast.ts";
import { templateFunctions, type TemplateFunction } from "./functions.ts";
import { parseTemplate } from "./parser.ts";
import { ARITY, PARAMETERS } from "./signatures.ts";
import { structInfo } from "./struct.ts";
import { display, isMap, isTypedMap, truth, typeName, type Value } from "./value.ts";

export interface ExecuteOptions {
  /** The template's name in messages. */
  readonly name?: string;
  readonly functions?: Readonly<Record<string, TemplateFunction>>;
  /** A key that a map does not have: an error, or Go's default, the text `<no value>`. */
  readonly missingKey?: "error" | "default";
}

/** A template ready to run many times. Syntax errors come from here; messages are Go's. */
export function compileTemplate(source: string, options: ExecuteOptions = {}): (data: Value) => string {
  const functions = { ...templateFunctions, ...options.functions };
  const template = parseTemplate(source, new Set(Object.keys(functions)), options.name);
  return (data) => new Execution(template, functions, options.missingKey ?? "default").run(data);
}

const MAX_DEPTH = 1000;
/** Nothing there: printed as `<no value>`. */
const NO_VALUE = Symbol("no value");
/** A field that is a pointer to nothing: printed as `<nil>`. */
const NIL_POINTER = Symbol("nil pointer");

type Flow = "break" | "continue" | undefined;

interface Variable {
  readonly name: string;
  value: Value;
}

class Execution {
  readonly #template: Template;
  readonly #functions: Readonly<Record<string, TemplateFunction>>;
  readonly #missingKey: "error" | "default";
  #variables: Variable[] = [];
  #output = "";
  #depth = 0;

  constructor(
    template: Template,
    functions: Readonly<Record<string, TemplateFunction>>,
    missingKey: "error" | "default",
  ) {
    this.#template = template;
    this.#functions = functions;
    this.#missingKey = missingKey;
  }

  run(data: Value): string {
    this.#variables = [{ name: "$", value: data }];
    this.#nodes(this.#template.nodes, data);
    return this.#output;
  }

  #nodes(nodes: readonly Node[], dot: Value): Flow {
    const depth = this.#variables.length;
    try {
      for (const node of nodes) {
        const flow = this.#node(node, dot);
        if (flow !== undefined) return flow;
      }
      return undefined;
    } finally {
      this.#variables.length = Math.min(depth, this.#variables.length);
    }
  }

  #node(node: Node, dot: Value): Flow {
    switch (node.kind) {
      case "text":
        this.#output += node.text;
        return undefined;
      case "action": {
        const value = this.#pipeline(node.pipeline, dot);
        if (node.pipeline.variables.length === 0) this.#print(value);
        return undefined;
      }
      case "if":
      case "with": {
        const depth = this.#variables.length;
        const value = this.#pipeline(node.pipeline, dot);
        const holds = truth(real(value));
        const flow = holds
          ? this.#nodes(node.body, node.kind === "with" ? value : dot)
          : this.#nodes(node.otherwise, dot);
        this.#variables.length = depth;
        return flow;
      }
      case "range":
        return this.#range(node, dot);
      case "template":
        this.#invoke(node, dot);
        return undefined;
      case "break":
      case "continue":
        return node.kind;
    }
  }

  #range(node: Extract<Node, { kind: "range" }>, dot: Value): Flow {
    const depth = this.#variables.length;
    const { pipeline } = node;
    const over = real(this.#value(pipeline, dot));
    const entries = this.#entries(over, node);
    for (const [key, value] of entries) {
      const [first, second] = pipeline.variables;
      const pairs: (readonly [string, Value])[] =
        second === undefined
          ? first === undefined
            ? []
            : [[first, value]]
          : [
              [first ?? "$", key],
              [second, value],
            ];
      for (const [name, item] of pairs) {
        if (pipeline.assigns) this.#assign(name, item);
        else this.#variables.push({ name, value: item });
      }
      const flow = this.#nodes(node.body, value);
      this.#variables.length = depth;
      if (flow === "break") return undefined;
    }
    if (entries.length === 0) return this.#nodes(node.otherwise, dot);
    return undefined;
  }

  #entries(over: Value, node: Extract<Node, { kind: "range" }>): readonly (readonly [Value, Value])[] {
    if (over === null || over === undefined) return [];
    if (Array.isArray(over)) return over.map((item: Value, at) => [at, item]);
    if (typeof over === "number" && Number.isInteger(over))
      return Array.from({ length: Math.max(0, over) }, (_, at) => [at, at]);
    if (isMap(over))
      return Object.keys(over)
        .toSorted()
        .map((key) => [key, over[key]]);
    const [first] = node.pipeline.commands;
    throw this.#error(
      first?.operands[0].at ?? node.at,
      first?.source ?? "",
      `range can't iterate over ${display(over)}`,
    );
  }

  #invoke(node: Extract<Node, { kind: "template" }>, dot: Value): void {
    const body = this.#template.defined.get(node.name);
    if (body === undefined)
      throw this.#error(
        node.at,
        `{{template ${JSON.stringify(node.name)}}}`,
        `template ${JSON.stringify(node.name)} not defined`,
      );
    if (this.#depth >= MAX_DEPTH)
      throw this.#error(
        node.at,
        `{{template ${JSON.stringify(node.name)}}}`,
        `exceeded maximum template depth (${String(MAX_DEPTH)})`,
      );
    const data = node.pipeline === undefined ? undefined : this.#pipeline(node.pipeline, dot);
    const outside = this.#variables;
    this.#variables = [{ name: "$", value: data }];
    this.#depth += 1;
    this.#nodes(body, data);
    this.#depth -= 1;
    this.#variables = outside;
  }

  /** The value, with the pipeline's variables declared or assigned. */
  #pipeline(pipeline: Pipeline, dot: Value): Value {
    const value = this.#value(pipeline, dot);
    for (const name of pipeline.variables) {
      if (pipeline.assigns) this.#assign(name, value);
      else this.#variables.push({ name, value });
    }
    return value;
  }

  #value(pipeline: Pipeline, dot: Value): Value {
    let value: Value;
    for (const [at, command] of pipeline.commands.entries())
      value = this.#command(command, dot, at === 0 ? [] : [value]);
    return value;
  }

  #command(command: Command, dot: Value, piped: readonly Value[]): Value {
    const [first, ...rest] = command.operands;
    if (first.kind === "function") return this.#call(first.name, first.at, command, rest, dot, piped);
    const args = (): readonly Value[] => [...rest.map((operand) => this.#operand(operand, dot)), ...piped];
    switch (first.kind) {
      case "field":
        return this.#fields(dot, first.names, first, args);
      case "variable":
        if (first.names.length > 0) return this.#fields(this.#variable(first.name), first.names, first, args);
        break;
      case "chain":
        if (first.names.length > 0) return this.#fields(this.#pipeline(first.pipeline, dot), first.names, first, args);
        break;
      case "nil":
        throw this.#error(first.at, "nil", "nil is not a command");
      default:
        break;
    }
    if (rest.length + piped.length > 0)
      throw this.#error(first.at, sourceOf(first), `can't give argument to non-function ${sourceOf(first)}`);
    return this.#operand(first, dot);
  }

  #operand(operand: Operand, dot: Value): Value {
    switch (operand.kind) {
      case "dot":
        return dot;
      case "nil":
        return null;
      case "literal":
        return operand.value;
      case "field":
        return this.#fields(dot, operand.names, operand, () => []);
      case "variable":
        return this.#fields(this.#variable(operand.name), operand.names, operand, () => []);
      case "chain":
        return this.#fields(this.#pipeline(operand.pipeline, dot), operand.names, operand, () => []);
      case "function":
        return this.#call(operand.name, operand.at, { operands: [operand], source: operand.name }, [], dot, []);
    }
  }

  #call(
    name: string,
    at: Position,
    command: Command,
    rest: readonly Operand[],
    dot: Value,
    piped: readonly Value[],
  ): Value {
    if (name === "and" || name === "or") {
      if (rest.length + piped.length === 0)
        throw this.#error(at, name, `wrong number of args for ${name}: want at least 1 got 0`);
      return this.#lazy(name, rest, dot, piped);
    }
    const args = [...rest.map((operand) => this.#operand(operand, dot)), ...piped].map(real);
    const called = this.#functions[name] as TemplateFunction;
    const needed = ARITY[name];
    if (needed !== undefined && (args.length < needed.least || args.length > needed.most)) {
      const want = needed.most === Infinity ? `at least ${String(needed.least)}` : String(needed.least);
      throw this.#error(at, name, `wrong number of args for ${name}: want ${want} got ${String(args.length)}`);
    }
    this.#checkTypes(name, args, rest, at, command.source);
    try {
      return called(...args);
    } catch (error) {
      if (error instanceof TemplateError) throw error;
      throw this.#error(
        at,
        command.source,
        `error calling ${name}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  /** Go's functions of a fixed type are refused other values at the place where those stand. */
  #checkTypes(name: string, args: readonly Value[], rest: readonly Operand[], at: Position, source: string): void {
    for (const [index, wanted] of (PARAMETERS[name] ?? []).entries()) {
      const value = args[index];
      const given = typeName(value);
      if (given === wanted || (wanted === "[]string" && Array.isArray(value))) continue;
      const operand = rest[index];
      const place = operand === undefined ? { at, source } : { at: operand.at, source: sourceOf(operand) };
      throw this.#error(
        place.at,
        place.source,
        operand?.kind === "literal"
          ? `expected ${wanted === "int" ? "integer" : wanted}; found ${place.source}`
          : `wrong type for value; expected ${wanted}; got ${given}`,
      );
    }
  }

  /** The first value that decides; later operands are not evaluated. */
  #lazy(name: "and" | "or", rest: readonly Operand[], dot: Value, piped: readonly Value[]): Value {
    let value: Value;
    for (const operand of rest) {
      value = this.#operand(operand, dot);
      if (truth(real(value)) === (name === "or")) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }

  #fields(start: Value, names: readonly string[], operand: Operand, args: () => readonly Value[]): Value {
    let value = start;
    for (const [at, name] of names.entries()) {
      value = this.#field(real(value), name, operand, at === names.length - 1 ? args() : [], names.slice(0, at + 1));
    }
    return value;
  }

  #field(receiver: Value, name: string, operand: Operand, args: readonly Value[], path: readonly string[]): Value {
    const source = operand.kind === "field" ? `.${path.join(".")}` : sourceOf(operand);
    const found = this.#lookup(receiver, name, operand, source);
    if (typeof found === "function") {
      try {
        return (found as TemplateFunction)(...args.map(real));
      } catch (error) {
        throw this.#error(
          operand.at,
          source,
          `error calling ${name}: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
    if (args.length > 0)
      throw this.#error(operand.at, source, `${name} has arguments but cannot be invoked as function`);
    return found;
  }

  #lookup(receiver: Value, name: string, operand: Operand, source: string): Value {
    if (receiver === null || receiver === undefined) {
      throw this.#error(operand.at, source, `nil pointer evaluating interface {}.${name}`);
    }
    const info = structInfo(receiver);
    const object = receiver as Readonly<Record<string, Value>>;
    if (info !== undefined) {
      const key = info.aliases[name] ?? name;
      if (Object.hasOwn(object, key)) return object[key] === null ? NIL_POINTER : object[key];
      throw this.#error(
        operand.at,
        source,
        this.#missingKey === "error"
          ? `map has no entry for key ${JSON.stringify(name)}`
          : `can't evaluate field ${name} in type ${info.typeName}`,
      );
    }
    if (isMap(receiver)) {
      if (Object.hasOwn(receiver, name)) return receiver[name];
      if (this.#missingKey === "error" && !isTypedMap(receiver))
        throw this.#error(operand.at, source, `map has no entry for key ${JSON.stringify(name)}`);
      return NO_VALUE;
    }
    const type = this.#missingKey === "error" ? "interface {}" : typeName(receiver);
    throw this.#error(operand.at, source, `can't evaluate field ${name} in type ${type}`);
  }

  #variable(name: string): Value {
    return this.#variables.findLast((variable) => variable.name === name)?.value;
  }

  #assign(name: string, value: Value): void {
    const variable = this.#variables.findLast((candidate) => candidate.name === name);
    if (variable !== undefined) variable.value = value;
  }

  #print(value: Value): void {
    const nothing = value === NO_VALUE || value === undefined || value === null;
    this.#output += nothing ? "<no value>" : display(real(value));
  }

  #error(at: Position, source: string, message: string): TemplateError {
    const { name } = this.#template;
    return new TemplateError(
      `template: ${name}:${String(at.line)}:${String(at.column)}: executing ${JSON.stringify(name)} at <${source}>: ${message}`,
    );
  }
}

/** Nothing counts as nil everywhere but in print. */
function real(value: Value): Value {
  if (value === NIL_POINTER) return null;
  return value === NO_VALUE ? undefined : value;
}

function sourceOf(operand: Operand): string {
  switch (operand.kind) {
    case "dot":
      return ".";
    case "nil":
      return "nil";
    case "literal":
      return JSON.stringify(operand.value);
    case "function":
      return operand.name;
    default:
      return operand.source;
  }
}
