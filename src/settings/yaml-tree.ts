/**
 * YAML 1.2 text -> plain values, and where in the text each of them stands. The one door to the
 * YAML library. Its error messages quote the text, which may hold a password, so none is passed on.
 */
import {
  type Alias,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  Parser,
  parseDocument,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { LIMITS } from "../core/limits.ts";
import { formatSize } from "../core/units.ts";
import type { Problem } from "./problem.ts";
import { disguiseReferences, type Environment, variableParts } from "./variables.ts";

export type YamlValue =
  | string
  | number
  | boolean
  | null
  | readonly YamlValue[]
  | { readonly [key: string]: YamlValue };

export type YamlPath = readonly (string | number)[];

/** Where a value stands and how it was written; a tree of the same shape as the values. */
export interface Place {
  /** Offsets in the text. The root and the items of a list have no key. */
  readonly key: number | undefined;
  readonly value: number;
  readonly children: ReadonlyMap<string | number, Place>;
  /** The environment variables that gave (part of) the text: such a value is never shown. */
  readonly variables: readonly string[];
  /** With variables: what the text means where it would be read as a number, boolean or nothing. */
  readonly unquoted: number | boolean | null | undefined;
  /** A problem was reported here already, and the value stands for nothing. */
  readonly broken: boolean;
}

export interface YamlTree {
  readonly value: YamlValue;
  readonly root: Place;
  readonly problems: readonly Problem[];
  /** False where the text is no YAML at all: then there is no value to look at. */
  readonly readable: boolean;
  position(offset: number): Position;
}

/** Both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface YamlSource {
  readonly file: string;
  readonly text: string;
  readonly environment: Environment;
}

export function readYamlTree(source: YamlSource): YamlTree {
  // A byte order mark is not a column.
  return new TreeReader({ ...source, text: source.text.replace(/^\uFEFF/, "") }).read();
}

/** Keyed by the library's error codes. */
const SYNTAX_ADVICE: Readonly<Record<string, string>> = {
  ALIAS_PROPS: "an alias can have neither a tag nor an anchor",
  BAD_ALIAS: "this alias is not complete; text that starts with & or * needs quotes",
  BAD_DIRECTIVE: "this YAML directive is not supported; text that starts with % needs quotes",
  BAD_DQ_ESCAPE: "this escape is unknown in double quotes; write \\\\ for a backslash",
  BAD_INDENT: "the indentation does not fit, or a bracket is not closed",
  BAD_SCALAR_START: "text that starts with this character needs quotes",
  BLOCK_AS_IMPLICIT_KEY: "a second key in one line; text with a colon and a space needs quotes",
  BLOCK_IN_FLOW: "inside [ ] and { } nothing is written by indentation",
  KEY_OVER_1024_CHARS: "this key is too long, or a quote is not closed",
  MISSING_CHAR: "a quote, bracket, comma or colon is missing here",
  MULTILINE_IMPLICIT_KEY: "a key and its colon must be in one line",
  MULTIPLE_DOCS: "a file holds one document; remove the second ---",
  TAB_AS_INDENT: "tabs cannot indent; use spaces",
  TAG_RESOLVE_FAILED: "tags are not supported; text that starts with ! needs quotes",
  UNEXPECTED_TOKEN: "this cannot stand here; check quotes, brackets and indentation before it",
};

interface Read {
  readonly value: YamlValue;
  readonly place: Place;
}

class TreeReader {
  readonly #source: YamlSource;
  readonly #lineStarts: readonly number[];
  readonly #problems: Problem[] = [];
  readonly #anchors = new Map<string, YAMLMap | YAMLSeq | Scalar>();
  /** The mappings and lists from the root to here: an alias of one of them would never end. */
  readonly #open = new Set<unknown>();
  #aliasesOpen = 0;
  /** The file's text, with its references disguised. */
  #text = "";
  #restore = (text: string): string => text;
  #aliasedValues = 0;
  #readable = true;

  constructor(source: YamlSource) {
    this.#source = source;
    this.#lineStarts = [0, ...[...source.text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  }

  read(): YamlTree {
    const { text, restore } = disguiseReferences(this.#source.text);
    this.#text = text;
    this.#restore = restore;
    let read: Read = { value: null, place: newPlace(undefined, 0) };
    if (Buffer.byteLength(text) > LIMITS.configurationFileBytes) {
      this.#fail(0, `the file is larger than ${formatSize(LIMITS.configurationFileBytes)}`);
    } else if (this.#isShallow(text)) {
      const document = parseDocument(text, {
        version: "1.2",
        schema: "core",
        prettyErrors: false,
        logLevel: "error",
        // The library compares each key with all others; #readMap needs one look-up.
        uniqueKeys: false,
      });
      // What the library says after the first mistake is mostly an echo of it.
      const [first] = [...document.errors, ...document.warnings];
      if (first === undefined) read = this.#readNode(document.contents, read.place);
      else this.#fail(first.pos[0], SYNTAX_ADVICE[first.code] ?? "this is not YAML");
    }
    return {
      value: read.value,
      root: read.place,
      problems: this.#problems,
      readable: this.#readable,
      position: (offset) => this.#position(offset),
    };
  }

  /** The library composes by recursion, and the end of the stack would end the whole process. */
  #isShallow(text: string): boolean {
    const parser = new Parser();
    let offset = 0;
    for (const lexeme of new Lexer().lex(text)) {
      for (const _token of parser.next(lexeme)) continue;
      if (parser.stack.length > LIMITS.configurationDepth) {
        this.#fail(offset, `nested more than ${LIMITS.configurationDepth} levels deep`);
        return false;
      }
      offset += lexeme.length;
    }
    return true;
  }

  #readNode(node: unknown, at: Place): Read {
    if (this.#aliasesOpen > 0 && ++this.#aliasedValues > LIMITS.configurationAliasedValues) {
      if (this.#readable) this.#fail(at.value, "aliases make this file too large");
      return { value: null, place: at };
    }
    if (isAlias(node)) return this.#readAlias(node, at);
    if (!isMap(node) && !isSeq(node) && !isScalar(node)) return { value: null, place: at };
    if (node.anchor !== undefined && this.#aliasesOpen === 0) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return this.#readScalar(node, at);
    this.#open.add(node);
    const here = { ...at, value: node.range?.[0] ?? at.value };
    const read = isMap(node) ? this.#readMap(node, here) : this.#readList(node, here);
    this.#open.delete(node);
    return read;
  }

  #readAlias(alias: Alias, at: Place): Read {
    const start = alias.range?.[0] ?? at.value;
    const target = this.#anchors.get(alias.source);
    if (target === undefined) {
      this.#report(
        start,
        "no anchor before it has this name; text that starts with * needs quotes",
      );
      return { value: null, place: { ...at, broken: true } };
    }
    if (this.#open.has(target)) {
      this.#report(start, "this alias stands for something that it is a part of");
      return { value: null, place: { ...at, broken: true } };
    }
    this.#aliasesOpen++;
    const read = this.#readNode(target, at);
    this.#aliasesOpen--;
    return read;
  }

  #readMap(map: YAMLMap, at: Place): Read {
    const value: Record<string, YamlValue> = {};
    const children = new Map<string, Place>();
    for (const { key, value: child } of map.flow === true ? this.#rejoin(map) : map.items) {
      const start = (isNode(key) ? key.range?.[0] : undefined) ?? at.value;
      const name = keyText(key, this.#restore);
      const earlier = name === undefined ? undefined : children.get(name);
      if (name === undefined || name === "__proto__") {
        this.#report(start, "a key must be text");
      } else if (earlier !== undefined) {
        const { line } = this.#position(earlier.key ?? 0);
        this.#report(start, `duplicate key "${name}"; it is in line ${line} already`);
      } else {
        const read = this.#readNode(child, newPlace(start, start));
        value[name] = read.value;
        children.set(name, read.place);
      }
    }
    return { value, place: { ...at, children } };
  }

  /**
   * `{ type: numeric(12,2), description: Net, in euro }`: in braces a comma ends a text without
   * quotes, and YAML takes what follows for a key that has not even a colon. Nobody means that.
   */
  #rejoin(map: YAMLMap): { readonly key: unknown; readonly value: unknown }[] {
    const pairs: { readonly key: unknown; readonly value: unknown }[] = [];
    for (const pair of map.items) {
      const before = pairs.at(-1)?.value;
      const { key } = pair;
      const isRest = pair.value === null && isScalar(key) && key.type === "PLAIN";
      if (isRest && isScalar(before) && before.type === "PLAIN" && isText(before.value)) {
        const [start = 0] = before.range ?? [];
        const [, end = start, nodeEnd = end] = key.range ?? [];
        const text = this.#text.slice(start, end).replaceAll(/\s+#.*/g, "");
        before.value = text.replaceAll(/\s+/g, " ");
        before.range = [start, end, nodeEnd];
      } else {
        pairs.push(pair);
      }
    }
    return pairs;
  }

  #readList(list: YAMLSeq, at: Place): Read {
    const children = new Map<number, Place>();
    const value = list.items.map((item, index) => {
      const read = this.#readNode(item, newPlace(undefined, at.value));
      children.set(index, read.place);
      return read.value;
    });
    return { value, place: { ...at, children } };
  }

  #readScalar(node: Scalar, at: Place): Read {
    const [start, end] = node.range ?? [at.value, at.value];
    // An empty value has no text of its own: its key is what one sees.
    const here = start === end ? at : { ...at, value: start };
    const written = typeof node.value === "string" ? this.#restore(node.value) : node.value;
    const parts = typeof written === "string" ? variableParts(written) : undefined;
    if (parts === undefined) return { value: plainValue(written), place: here };

    const offsets = this.#referenceOffsets(start, end);
    const variables: string[] = [];
    let text = "";
    let broken = false;
    for (const part of parts) {
      if (part.kind === "text") {
        text += part.text;
        continue;
      }
      const offset = offsets.shift() ?? start;
      if (part.kind === "malformed") {
        this.#report(offset, 'no name and "}" follow this "${"; write $${ for the text itself');
        broken = true;
        continue;
      }
      const given = this.#source.environment[part.name];
      if (given !== undefined && (given !== "" || part.fallback === undefined)) {
        variables.push(part.name);
        text += given;
      } else if (part.fallback === undefined) {
        this.#report(
          offset,
          `the environment variable ${part.name} is not set`,
          `Set it, or give a value to use without it: \${${part.name}:-value}.`,
        );
        broken = true;
      } else {
        text += part.fallback;
      }
    }
    const unquoted = node.type === "PLAIN" && !broken ? coreValue(text) : undefined;
    return { value: text, place: { ...here, variables, unquoted, broken } };
  }

  /** Where each reference of a scalar stands in the file, whose text may be escaped or folded. */
  #referenceOffsets(from: number, to: number): number[] {
    const matches = this.#source.text.slice(from, to).matchAll(/\$?\$\{/g);
    return [...matches].filter(([text]) => text === "${").map(({ index }) => from + index);
  }

  #position(offset: number): Position {
    let low = 0;
    let high = this.#lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (this.#lineStarts[low] ?? 0) + 1 };
  }

  #report(offset: number, message: string, hint?: string): void {
    this.#problems.push({ file: this.#source.file, ...this.#position(offset), message, hint });
  }

  #fail(offset: number, message: string): void {
    this.#readable = false;
    this.#report(offset, message);
  }
}

function newPlace(key: number | undefined, value: number): Place {
  return { key, value, children: new Map(), variables: [], unquoted: undefined, broken: false };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** As written: `2024` and `null` are names too. */
function keyText(key: unknown, restore: (text: string) => string): string | undefined {
  if (!isScalar(key)) return undefined;
  const text = key.type === "PLAIN" ? key.source : key.value;
  return typeof text === "string" && text !== "" ? restore(text) : undefined;
}

/** The core schema makes nothing else of a scalar. */
function plainValue(value: unknown): string | number | boolean | null {
  const isPlain =
    typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  return isPlain ? value : null;
}

/** What YAML's core schema (1.2.2, 10.3.2) makes of unquoted text, where that is not a string. */
function coreValue(text: string): number | boolean | null | undefined {
  if (text === "") return null;
  if (text === "true" || text === "false") return text === "true";
  return /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(text)
    ? Number(text)
    : undefined;
}
