/**
 * Patterns over keys: `*` is anything without `/`, `**` anything at all, `**` with a `/` behind it
 * also nothing, `?` one character but `/`, `[a-z]` and `[!a-z]` one character of a set, `{a,b}` one of
 * several patterns, and a backslash takes the next character as it is. The pattern becomes a small
 * state machine, so that no pattern takes more time than its length times the key's.
 */
import { unreachable } from "../core/assert.ts";
import type { ObjectKey } from "../core/brands.ts";
import { PgError } from "../core/pg-error.ts";

type Node =
  | { readonly node: "literal"; readonly character: string }
  | { readonly node: "class"; readonly negated: boolean; readonly ranges: readonly Range[] }
  | { readonly node: "one" }
  | { readonly node: "many"; readonly crossesFolders: boolean }
  | { readonly node: "folders" }
  | { readonly node: "either"; readonly branches: readonly (readonly Node[])[] };

/** Both ends belong to it. */
type Range = readonly [first: string, last: string];

/** One step of the machine: where it may go without a character, and where with one. */
interface State {
  readonly free: number[];
  readonly steps: { readonly accepts: (character: string) => boolean; readonly to: number }[];
}

export interface KeyPattern {
  /** Every key that matches starts with it: what to list. */
  readonly prefix: string;
  readonly matches: (key: string) => boolean;
}

/** As long as a key can be. */
const LONGEST_PATTERN = 1024;

/** Whether the text holds anything but literal characters. */
export function isKeyPattern(text: string): boolean {
  return /[*?[{\\]/.test(text);
}

export function keyPattern(text: string): KeyPattern {
  if (text.length > LONGEST_PATTERN) {
    const message = `a pattern is longer than ${LONGEST_PATTERN} characters`;
    throw new PgError("program_limit_exceeded", message);
  }
  const nodes = new PatternReader(text).read();
  const states: State[] = [{ free: [], steps: [] }];
  const last = build(states, nodes, 0);
  return { prefix: literalPrefix(nodes), matches: (key) => runs(states, last, key) };
}

/** The pattern that only this key matches. */
export function literalPattern(key: ObjectKey): string {
  return key.replace(/[*?[\]{},\\]/g, "\\$&");
}

class PatternReader {
  readonly #text: string;
  readonly #characters: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#characters = Array.from(text);
  }

  read(): Node[] {
    return this.#sequence(0, true);
  }

  /** Up to the end, or inside braces up to the comma or brace that ends the branch. */
  #sequence(depth: number, startsFolder: boolean): Node[] {
    const nodes: Node[] = [];
    for (;;) {
      const character = this.#characters[this.#at];
      if (character === undefined) {
        if (depth > 0) throw invalid(this.#text, 'a "{" is not closed');
        return nodes;
      }
      if (depth > 0 && (character === "," || character === "}")) return nodes;
      const before = nodes.at(-1);
      const atFolderStart = before === undefined ? startsFolder : endsFolder(before);
      nodes.push(this.#node(character, depth, atFolderStart));
    }
  }

  #node(character: string, depth: number, atFolderStart: boolean): Node {
    this.#at += 1;
    switch (character) {
      case "\\":
        return { node: "literal", character: this.#next("a backslash stands at the end") };
      case "?":
        return { node: "one" };
      case "*":
        return this.#stars(atFolderStart);
      case "[":
        return this.#class();
      case "{":
        return this.#branches(depth + 1, atFolderStart);
      default:
        return { node: "literal", character };
    }
  }

  #stars(atFolderStart: boolean): Node {
    if (this.#characters[this.#at] !== "*") return { node: "many", crossesFolders: false };
    while (this.#characters[this.#at] === "*") this.#at += 1;
    if (!atFolderStart || this.#characters[this.#at] !== "/") {
      return { node: "many", crossesFolders: true };
    }
    this.#at += 1;
    return { node: "folders" };
  }

  #class(): Node {
    const unclosed = 'a "[" is not closed';
    const ranges: Range[] = [];
    const negated = this.#characters[this.#at] === "!" || this.#characters[this.#at] === "^";
    if (negated) this.#at += 1;
    for (;;) {
      let first = this.#next(unclosed);
      // As in a shell, a bracket that comes first is one of the set.
      if (first === "]" && ranges.length > 0) return { node: "class", negated, ranges };
      if (first === "\\") first = this.#next(unclosed);
      const following = this.#characters[this.#at + 1];
      if (this.#characters[this.#at] !== "-" || following === undefined || following === "]") {
        ranges.push([first, first]);
        continue;
      }
      this.#at += 1;
      let last = this.#next(unclosed);
      if (last === "\\") last = this.#next(unclosed);
      if (codePoint(last) < codePoint(first)) {
        throw invalid(this.#text, `the range ${first}-${last} is empty`);
      }
      ranges.push([first, last]);
    }
  }

  #branches(depth: number, atFolderStart: boolean): Node {
    const branches: Node[][] = [];
    for (;;) {
      branches.push(this.#sequence(depth, atFolderStart));
      if (this.#next('a "{" is not closed') === "}") return { node: "either", branches };
    }
  }

  #next(problem: string): string {
    const character = this.#characters[this.#at];
    if (character === undefined) throw invalid(this.#text, problem);
    this.#at += 1;
    return character;
  }
}

function endsFolder(node: Node): boolean {
  return node.node === "folders" || (node.node === "literal" && node.character === "/");
}

/** Appends the states of some nodes behind a state; returns the state where they end. */
function build(states: State[], nodes: readonly Node[], from: number): number {
  let at = from;
  for (const node of nodes) at = buildNode(states, node, at);
  return at;
}

function buildNode(states: State[], node: Node, from: number): number {
  switch (node.node) {
    case "literal":
      return step(states, from, (character) => character === node.character);
    case "one":
      return step(states, from, isNoSlash);
    case "class":
      return step(states, from, (character) => isNoSlash(character) && isInClass(node, character));
    case "many": {
      const to = free(states, from);
      states[to]?.steps.push({ accepts: node.crossesFolders ? isAny : isNoSlash, to });
      return to;
    }
    case "folders": {
      const inside = free(states, from);
      states[inside]?.steps.push({ accepts: isAny, to: inside });
      const to = step(states, inside, (character) => character === "/");
      states[from]?.free.push(to);
      return to;
    }
    case "either": {
      const ends = node.branches.map((branch) => build(states, branch, free(states, from)));
      const to = states.push({ free: [], steps: [] }) - 1;
      for (const end of ends) states[end]?.free.push(to);
      return to;
    }
    default:
      return unreachable(node);
  }
}

function step(states: State[], from: number, accepts: (character: string) => boolean): number {
  const to = states.push({ free: [], steps: [] }) - 1;
  states[from]?.steps.push({ accepts, to });
  return to;
}

function free(states: State[], from: number): number {
  const to = states.push({ free: [], steps: [] }) - 1;
  states[from]?.free.push(to);
  return to;
}

function runs(states: readonly State[], last: number, key: string): boolean {
  let current = reach(states, [0]);
  for (const character of key) {
    const next: number[] = [];
    for (const at of current) {
      for (const { accepts, to } of states[at]?.steps ?? []) if (accepts(character)) next.push(to);
    }
    if (next.length === 0) return false;
    current = reach(states, next);
  }
  return current.has(last);
}

/** These states and all that follow from them without a character. */
function reach(states: readonly State[], from: readonly number[]): Set<number> {
  const reached = new Set(from);
  // A set that grows while it is walked is walked to its new end.
  for (const at of reached) for (const to of states[at]?.free ?? []) reached.add(to);
  return reached;
}

function literalPrefix(nodes: readonly Node[]): string {
  let prefix = "";
  for (const node of nodes) {
    if (node.node === "literal") prefix += node.character;
    else if (node.node === "either") return prefix + commonPrefix(node.branches.map(literalPrefix));
    else return prefix;
  }
  return prefix;
}

function commonPrefix(texts: readonly string[]): string {
  const [first = "", ...rest] = texts;
  let common = "";
  for (const character of first) {
    if (!rest.every((text) => text.startsWith(common + character))) break;
    common += character;
  }
  return common;
}

function isInClass(
  { negated, ranges }: Extract<Node, { node: "class" }>,
  character: string,
): boolean {
  const point = codePoint(character);
  const isIn = ranges.some(
    ([first, last]) => codePoint(first) <= point && point <= codePoint(last),
  );
  return isIn !== negated;
}

function isNoSlash(character: string): boolean {
  return character !== "/";
}

function isAny(): boolean {
  return true;
}

function codePoint(character: string): number {
  return character.codePointAt(0) ?? 0;
}

function invalid(text: string, problem: string): PgError {
  return new PgError("invalid_parameter_value", `invalid pattern "${text}": ${problem}`, {
    hint: "Put a backslash before a character that is to stand for itself.",
  });
}
