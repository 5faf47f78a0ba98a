/** zod's issues -> what is wrong where, in words for the person who wrote the file. */
import { z } from "zod";
import { didYouMean, nearest } from "./did-you-mean.ts";
import { descriptionAt, keysAt, valueAt } from "./schema-walk.ts";
import type { YamlPath } from "./yaml-tree.ts";

/** Each names the path of what has to go for the rest to be valid (`path`, for all but the first). */
export type Finding =
  | {
      readonly kind: "missing";
      readonly path: YamlPath;
      readonly key: string;
      readonly choices: readonly string[];
    }
  | { readonly kind: "unknown"; readonly path: YamlPath; readonly key: string }
  | {
      readonly kind: "wrong";
      readonly path: YamlPath;
      /** Completes "expected …"; undefined where `message` says it all. */
      readonly expected: string | undefined;
      readonly message: string | undefined;
      readonly hint: string | undefined;
      /** The words that were possible, for "did you mean". */
      readonly choices: readonly string[];
      readonly expectsMapping: boolean;
    };

export interface Wording {
  /** Where it belongs: at the key or at the value of `path`. */
  readonly at: "key" | "value";
  readonly path: YamlPath;
  readonly message: string;
  readonly hint: string | undefined;
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a mapping (key: value)",
  record: "a mapping (key: value)",
  array: "a list such as [a, b]",
};

export function findingsOf(
  issues: readonly z.core.$ZodIssue[],
  value: unknown,
  prefix: YamlPath = [],
): Finding[] {
  return issues.flatMap((issue) => findingsOfIssue(issue, value, prefix));
}

function findingsOfIssue(issue: z.core.$ZodIssue, value: unknown, prefix: YamlPath): Finding[] {
  const path = [...prefix, ...issue.path.map(segment)];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ kind: "unknown", path: [...path, key], key }));
  }
  const key = path.at(-1);
  if (typeof key === "string" && valueAt(value, path) === undefined) {
    return [{ kind: "missing", path: path.slice(0, -1), key, choices: choicesOf(issue) }];
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const meant = issue.errors
      .filter((branch) => branch.every(isInside))
      .toSorted((a, b) => a.length - b.length)[0];
    if (meant !== undefined) return findingsOf(meant, value, path);
  }
  return [
    {
      kind: "wrong",
      path,
      expected: expectation(issue),
      message: issue.code === "custom" ? issue.message : undefined,
      hint: issue.code === "custom" ? customText(issue, "hint") : undefined,
      choices: choicesOf(issue),
      expectsMapping:
        issue.code === "invalid_type" && ["object", "record"].includes(issue.expected),
    },
  ];
}

/** A branch of a union was meant where the value has its shape and only something in it is wrong. */
function isInside(issue: z.core.$ZodIssue): boolean {
  return issue.path.length > 0 || issue.code === "unrecognized_keys";
}

function expectation(issue: z.core.$ZodIssue): string | undefined {
  switch (issue.code) {
    case "custom":
      return customText(issue, "expected");
    case "invalid_type":
      return TYPE_WORDS[issue.expected] ?? issue.expected;
    case "invalid_value":
      return oneOf(choicesOf(issue));
    case "too_small":
      return bound("at least", issue.minimum, issue.origin, issue.exact);
    case "too_big":
      return bound("at most", issue.maximum, issue.origin, issue.exact);
    case "invalid_union": {
      if (issue.errors.length === 0) return oneOf(choicesOf(issue));
      const branches = issue.errors.map((branch) => branch[0] && expectation(branch[0]));
      return [...new Set(branches)].join(" or ");
    }
    case "invalid_format":
      return issue.pattern === undefined ? `a valid ${issue.format}` : `text like ${issue.pattern}`;
    case "not_multiple_of":
      return `a multiple of ${issue.divisor}`;
    case "unrecognized_keys":
    case "invalid_key":
    case "invalid_element":
      return "other keys";
  }
}

function bound(
  side: string,
  limit: number | bigint,
  origin: string,
  exact: boolean | undefined,
): string {
  const count = exact === true ? `${limit}` : `${side} ${limit}`;
  if (origin === "string") return `${count} ${limit === 1 ? "character" : "characters"}`;
  if (origin === "array") return `a list of ${count}`;
  return `a number of ${count}`;
}

function choicesOf(issue: z.core.$ZodIssue): string[] {
  if (issue.code === "invalid_value") return issue.values.map(String);
  // zod lists the known tags of a discriminated union; its type of the issue leaves them out.
  const options = (issue as { readonly options?: unknown }).options;
  return issue.code === "invalid_union" && Array.isArray(options) ? options.map(String) : [];
}

function oneOf(choices: readonly string[]): string {
  const quoted = choices.map((choice) => `"${choice}"`);
  return quoted.length === 1 ? quoted.join("") : `one of ${quoted.join(", ")}`;
}

function customText(issue: z.core.$ZodIssueCustom, key: string): string | undefined {
  const text: unknown = issue.params?.[key];
  return typeof text === "string" ? text : undefined;
}

function segment(key: PropertyKey): string | number {
  return typeof key === "number" ? key : String(key);
}

/** What the value is, in words; undefined where it must not be shown. */
export type Showing = (path: YamlPath) => string | undefined;

/** The findings in words. A missing key that is there but misspelt is said once. */
export function wordings(
  findings: readonly Finding[],
  schema: z.core.$ZodType,
  value: unknown,
  shown: Showing,
): Wording[] {
  const misspelt = new Set<string>();
  for (const finding of findings) {
    if (finding.kind !== "unknown") continue;
    const parent = finding.path.slice(0, -1);
    const meant = nearest(finding.key, keysAt(schema, parent, value));
    if (meant !== undefined) misspelt.add(JSON.stringify([...parent, meant]));
  }
  return findings
    .filter(
      (finding) =>
        finding.kind !== "missing" || !misspelt.has(JSON.stringify([...finding.path, finding.key])),
    )
    .map((finding) => wordingOf(finding, schema, value, shown));
}

function wordingOf(
  finding: Finding,
  schema: z.core.$ZodType,
  value: unknown,
  shown: Showing,
): Wording {
  const { path } = finding;
  if (finding.kind === "missing") {
    const owner = path.at(-1);
    const description =
      finding.choices.length > 0
        ? oneOf(finding.choices)
        : descriptionAt(schema, [...path, finding.key], value);
    return {
      at: "key",
      path,
      message: `missing key "${finding.key}"${owner === undefined ? "" : ` in "${owner}"`}`,
      hint: description && `${finding.key}: ${description}.`,
    };
  }
  if (finding.kind === "unknown") {
    const known = keysAt(schema, path.slice(0, -1), value);
    const suggestion = didYouMean(finding.key, known);
    // A key without a value, in a place of secrets, may be a secret that lost its key.
    const isBare = valueAt(value, path) === null;
    const named = suggestion !== "" || !isBare || shown(path) !== undefined;
    return {
      at: "key",
      path,
      message: named ? `unknown key "${finding.key}"${suggestion}` : "unknown key",
      hint: suggestion === "" ? `Known here: ${known.join(", ")}.` : undefined,
    };
  }
  const name = path.findLast((part) => typeof part === "string");
  const subject = name === undefined ? "" : `${name}: `;
  if (finding.expected === undefined) {
    return { at: "value", path, message: `${subject}${finding.message}`, hint: finding.hint };
  }
  const got = shown(path);
  const written = valueAt(value, path);
  // Where all choices are listed, there is nothing to explain.
  const described =
    finding.choices.length > 0 ? undefined : descriptionAt(schema, path, value)?.concat(".");
  const suggestion =
    got !== undefined && typeof written === "string" ? didYouMean(written, finding.choices) : "";
  return {
    at: "value",
    path,
    message: `${subject}expected ${finding.expected}${got === undefined ? "" : `, got ${got}`}${suggestion}`,
    hint: finding.hint ?? quotesHint(finding.expected, written, got) ?? described,
  };
}

function quotesHint(
  expected: string,
  written: unknown,
  got: string | undefined,
): string | undefined {
  const isPlain = typeof written === "number" || typeof written === "boolean";
  if (expected !== TYPE_WORDS["string"] || !isPlain) return undefined;
  return got === undefined ? "Write it in quotes." : `Write it in quotes: "${got}".`;
}
