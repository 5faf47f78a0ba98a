import { parseArgs } from "node:util";
import { didYouMean } from "../settings/did-you-mean.ts";

/** Every option of every command: an option means the same wherever it is taken. */
export const OPTIONS = {
  config: {
    type: "string",
    value: "FILE",
    help: "the configuration; default: $BUCKETGRES_CONFIG, else config/bucketgres.yaml",
  },
  host: { type: "string", value: "H", help: "the address to listen on, instead of listen.host" },
  port: { type: "string", value: "N", help: "the port to listen on, instead of listen.port" },
  "http-port": {
    type: "string",
    value: "N",
    help: "the port for health and metrics, instead of http.port",
  },
  "log-level": {
    type: "string",
    value: "L",
    help: "debug, info, warn, error or silent; debug also shows stack traces",
  },
  workspace: { type: "string", value: "W", help: "the workspace that is meant" },
  name: { type: "string", value: "T", help: "the table's name; default: made of the file's" },
  sheet: { type: "string", value: "S", help: "the sheet of a workbook; default: the first" },
  json: { type: "boolean", help: "print JSON" },
  iterations: {
    type: "string",
    value: "N",
    help: "how often a password is hashed; default: 4096, as in PostgreSQL",
  },
  help: { type: "boolean", short: "h", help: "show this help" },
  version: { type: "boolean", help: "show the version" },
} as const satisfies Readonly<Record<string, OptionDefinition>>;

type OptionDefinition =
  | { readonly type: "string"; readonly value: string; readonly help: string }
  | { readonly type: "boolean"; readonly short?: string; readonly help: string };

export type OptionName = keyof typeof OPTIONS;

export type OptionValues = ReturnType<typeof valuesOf>["values"];

/** What a command line says after the command's name. */
export interface Arguments {
  readonly values: OptionValues;
  /** As many as the command takes, unless help is asked for. */
  readonly positionals: readonly string[];
}

/** The command line is wrong: exit code 2. The cure is the second line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** Reads what follows a command's name; throws a UsageError for what the command does not take. */
export function readArguments(
  args: readonly string[],
  taken: readonly OptionName[],
  helpCommand: string,
  positionalNames: readonly string[] = [],
): Arguments {
  const fail = (problem: string): never => {
    throw new UsageError(problem, `See: ${helpCommand}`);
  };
  const { tokens } = parseArgs({
    args: [...args],
    options: OPTIONS,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const seen = new Set<string>();
  let positionals = 0;
  for (const token of tokens) {
    if (token.kind === "positional") {
      positionals += 1;
      if (positionals <= positionalNames.length) continue;
      return fail(`unexpected argument "${token.value}"`);
    }
    if (token.kind === "option-terminator") continue;
    const { rawName, value } = token;
    const name = taken.find((option) => option === token.name);
    if (name === undefined) {
      const suggestion = didYouMean(
        rawName,
        taken.map((option) => `--${option}`),
      );
      return fail(`unknown option "${rawName}"${suggestion}`);
    }
    if (seen.has(name)) return fail(`--${name} is given twice`);
    seen.add(name);
    const { type } = OPTIONS[name];
    if (type === "boolean" && value !== undefined) return fail(`--${name} takes no value`);
    // A following option is no value, and an empty one is a variable that was not set.
    const isMissing =
      value === undefined || value === "" || (!token.inlineValue && value[0] === "-");
    if (type === "string" && isMissing) {
      return fail(`--${name} needs a value: --${name} ${OPTIONS[name].value}`);
    }
  }
  const missing = positionalNames[positionals];
  if (missing !== undefined && !seen.has("help")) return fail(`${missing} is missing`);
  return valuesOf(args);
}

/** A whole number within bounds, or undefined where the option is not given. */
export function readInteger(
  values: OptionValues,
  name: "port" | "http-port" | "iterations",
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const number = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new UsageError(
    `--${name} is "${text}"`,
    `It must be a whole number from ${min} to ${max}.`,
  );
}

/** One of the words that the option takes, or undefined where it is not given. */
export function readWord<Word extends string>(
  values: OptionValues,
  name: "log-level",
  words: readonly Word[],
): Word | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const word = words.find((candidate) => candidate === text);
  if (word !== undefined) return word;
  throw new UsageError(
    `--${name} is "${text}"${didYouMean(text, words)}`,
    `It must be one of ${words.join(", ")}.`,
  );
}

/** Types come from the table; the tokens were checked before, so that this cannot fail. */
function valuesOf(args: readonly string[]) {
  return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
}
