/**
 * A YAML file against a schema: its value, or everything that is wrong with it at once, each at the
 * line and column of the key or value. Where only a part is wrong, the rest is still given, so that
 * checks across tables and files can find their own problems in the same run.
 */
import type { z } from "zod";
import type { Problem } from "./problem.ts";
import { type Finding, findingsOf, wordings } from "./schema-findings.ts";
import { childOf, valueAt } from "./schema-walk.ts";
import {
  type Place,
  readYamlTree,
  type YamlPath,
  type YamlSource,
  type YamlTree,
} from "./yaml-tree.ts";

export interface YamlDocumentOptions<T> extends YamlSource {
  readonly schema: z.ZodType<T>;
  /** Whether the value at a path must never be shown; default: nothing is secret. */
  readonly isSecret?: (path: YamlPath) => boolean;
}

/** Longer values are cut: a problem is one line. */
const LONGEST_SHOWN = 60;

export class YamlDocument<T> {
  readonly file: string;
  /** Of the text and of its shape, in no order. */
  readonly problems: readonly Problem[];
  /** What is left without the parts that have problems; undefined where that is too little. */
  readonly value: T | undefined;
  readonly #tree: YamlTree;

  constructor(options: YamlDocumentOptions<T>) {
    const { file, schema, isSecret = () => false } = options;
    this.file = file;
    this.#tree = readYamlTree(options);
    if (!this.#tree.readable) {
      this.problems = this.#tree.problems;
      this.value = undefined;
      return;
    }
    // An empty file says as much as an empty mapping.
    const data: unknown = structuredClone(this.#tree.value) ?? {};
    const findings = this.#adapt(data, schema);
    const said = wordings(findings, schema, data, (path) => this.#shown(data, path, isSecret));
    this.problems = [
      ...this.#tree.problems,
      ...said
        .filter(({ path }) => !this.#isBroken(path))
        .map(({ at, path, message, hint }) => this.problem(at, path, message, hint)),
    ];
    this.value = prune(data, schema, findings);
  }

  /** The keys of a mapping as the file has them, whether or not what they hold is valid. */
  keys(path: YamlPath): string[] {
    const place = this.#place(path);
    return place === undefined ? [] : [...place.children.keys()].map(String);
  }

  /** Whether the file itself holds (a part of) the text, rather than the environment. */
  isWrittenOut(path: YamlPath): boolean {
    const place = this.#place(path);
    return place !== undefined && place.variables.length === 0 && !place.broken;
  }

  /** A problem at a key or value; at the nearest place around it where the path leads nowhere. */
  problem(at: "key" | "value", path: YamlPath, message: string, hint?: string): Problem {
    let place = this.#tree.root;
    for (const segment of path) {
      const child = place.children.get(segment);
      if (child === undefined) break;
      place = child;
    }
    const offset = at === "value" ? place.value : (place.key ?? place.value);
    return { file: this.file, ...this.#tree.position(offset), message, hint };
  }

  #place(path: YamlPath): Place | undefined {
    let place: Place | undefined = this.#tree.root;
    for (const segment of path) place = place?.children.get(segment);
    return place;
  }

  #isBroken(path: YamlPath): boolean {
    return path.some((_segment, index) => this.#place(path.slice(0, index + 1))?.broken === true);
  }

  /**
   * What YAML leaves open is settled by what the schema wants there: text from a variable becomes
   * the number or boolean it spells, and a key without a value counts as an empty mapping or as
   * absent. Returns what is wrong even so.
   */
  #adapt(data: unknown, schema: z.ZodType): Finding[] {
    for (;;) {
      const result = schema.safeParse(data);
      const findings = result.success ? [] : findingsOf(result.error.issues, data);
      let adapted = false;
      for (const finding of findings) {
        if (finding.kind !== "wrong" || finding.path.length === 0) continue;
        const current = valueAt(data, finding.path);
        const unquoted = this.#place(finding.path)?.unquoted;
        if (typeof current === "string" && unquoted !== undefined) {
          adapted = replaceAt(data, finding.path, unquoted) || adapted;
        } else if (current === null) {
          const replacement = finding.expectsMapping ? {} : undefined;
          adapted = replaceAt(data, finding.path, replacement) || adapted;
        }
      }
      if (!adapted) return findings;
    }
  }

  #shown(data: unknown, path: YamlPath, isSecret: (path: YamlPath) => boolean): string | undefined {
    if (isSecret(path)) return undefined;
    const [variable] = this.#place(path)?.variables ?? [];
    if (variable !== undefined) return `the value of \${${variable}}`;
    const value = valueAt(data, path);
    if (value === null) return "nothing";
    if (Array.isArray(value)) return "a list";
    if (typeof value === "object") return "a mapping";
    const text = JSON.stringify(value) ?? "nothing";
    return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
  }
}

/** Takes away what is wrong until the rest is valid. */
function prune<T>(
  data: unknown,
  schema: z.ZodType<T>,
  findings: readonly Finding[],
): T | undefined {
  let wrong = findings;
  for (;;) {
    let removed = false;
    for (const { path } of wrong) {
      // An item of a list goes with the list: the places of the others must stay what they are.
      const firstItem = path.findIndex((segment) => typeof segment === "number");
      const target = firstItem < 0 ? path : path.slice(0, firstItem);
      if (target.length === 0) return undefined;
      removed = replaceAt(data, target, undefined) || removed;
    }
    if (wrong.length > 0 && !removed) return undefined;
    const result = schema.safeParse(data);
    if (result.success) return result.data;
    wrong = findingsOf(result.error.issues, data);
  }
}

/** Undefined takes the key away. False where there is nothing to change. */
function replaceAt(data: unknown, path: YamlPath, replacement: unknown): boolean {
  const parent = valueAt(data, path.slice(0, -1));
  const key = path.at(-1);
  if (key === undefined || childOf(parent, key) === undefined) return false;
  if (Array.isArray(parent)) {
    if (replacement === undefined || typeof key !== "number") return false;
    parent[key] = replacement;
    return true;
  }
  // childOf found the key in it: an object.
  const mapping = parent as Record<string, unknown>;
  if (replacement === undefined) delete mapping[key];
  else mapping[key] = replacement;
  return true;
}
