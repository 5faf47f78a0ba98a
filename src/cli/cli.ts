import { PgError } from "../core/pg-error.ts";
import { redactedText } from "../observe/redact.ts";
import { didYouMean } from "../settings/did-you-mean.ts";
import {
  OPTIONS,
  type OptionName,
  type OptionValues,
  readArguments,
  UsageError,
} from "./arguments.ts";
import { type CliContext, EXIT, type ExitCode } from "./context.ts";

interface Command {
  readonly summary: string;
  readonly options: readonly OptionName[];
  /** What has to be given without a name, in order. */
  readonly positionals?: readonly string[];
  readonly example: string;
  /** What else its help says: its exit codes, what it reads. */
  readonly notes: readonly string[];
  /** Loads the command's code only now, so that help does not wait for DuckDB. */
  readonly run: (
    values: OptionValues,
    context: CliContext,
    positionals: readonly string[],
  ) => Promise<ExitCode>;
}

const NAME = "bucketgres";

/** Every command there is; help is made from it. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  serve: {
    summary: "run the gateway until SIGTERM or SIGINT",
    options: ["config", "host", "port", "http-port", "log-level"],
    example: "serve --config config/bucketgres.yaml --port 6000",
    notes: [
      "SIGTERM or SIGINT lets running statements end; a second one ends at once.",
      "SIGHUP reads the configuration again.",
    ],
    run: async (values, context) => (await import("./serve.ts")).serve(values, context),
  },
  check: {
    summary: "test the configuration, the stores, every table and every view",
    options: ["config", "workspace", "json", "log-level"],
    example: "check --workspace demo",
    notes: ["Exit code: 0 all good, 1 some table or view unusable, 2 configuration wrong."],
    run: async (values, context) => (await import("./check.ts")).check(values, context),
  },
  add: {
    summary: "add a file as a table to a workspace's YAML",
    positionals: ["SOURCE"],
    options: ["workspace", "name", "sheet", "config", "log-level"],
    example: "add samples:orders.csv --workspace demo",
    notes: [
      "SOURCE is STORE:KEY or s3://bucket/key; a pattern such as samples:orders-*.csv takes many files.",
      "The file is read whole, and the types of its columns are written down for you to edit.",
      "Exit code: 0 added, 1 the file or the name cannot be used, 2 usage or configuration wrong.",
    ],
    run: async (values, context, positionals) =>
      (await import("./add.ts")).add(values, context, positionals),
  },
  "hash-password": {
    summary: "read a password, print its SCRAM-SHA-256 verifier",
    options: ["iterations"],
    example: "hash-password",
    notes: ["Reads the first line of stdin where that is not a terminal."],
    run: async (values, context) =>
      (await import("./hash-password.ts")).hashPassword(values, context),
  },
};

/** Runs one command line; whatever goes wrong becomes a line on stderr and an exit code. */
export async function runCli(args: readonly string[], context: CliContext): Promise<ExitCode> {
  try {
    return await dispatch(args, context);
  } catch (error) {
    // The option may be what is wrong, so that it is looked for rather than read.
    const withStack = /--log-level[= ]debug(\s|$)/.test(args.join(" "));
    context.stderr.write(redactedText(failureText(error, withStack)));
    return error instanceof UsageError ? EXIT.usage : EXIT.failed;
  }
}

async function dispatch(args: readonly string[], context: CliContext): Promise<ExitCode> {
  const [first, ...rest] = args;
  if (first === undefined) {
    context.stderr.write(generalHelp());
    return EXIT.usage;
  }
  if (first.startsWith("-")) return answerWithoutCommand(args, context);
  const command = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  if (command === undefined) {
    throw new UsageError(
      `unknown command "${first}"${didYouMean(first, Object.keys(COMMANDS))}`,
      `See: ${NAME} --help`,
    );
  }
  const { values, positionals } = readArguments(
    rest,
    [...command.options, "help"],
    `${NAME} ${first} --help`,
    command.positionals,
  );
  if (values.help === true) {
    context.stdout.write(commandHelp(first, command));
    return EXIT.ok;
  }
  return command.run(values, context, positionals);
}

function answerWithoutCommand(args: readonly string[], context: CliContext): ExitCode {
  const { values } = readArguments(args, ["help", "version"], `${NAME} --help`);
  context.stdout.write(values.version === true ? `${NAME} ${context.version}\n` : generalHelp());
  return EXIT.ok;
}

function generalHelp(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const commands = Object.entries(COMMANDS).map(
    ([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`,
  );
  return `Your bucket of spreadsheets, as a PostgreSQL database.

Usage: ${NAME} COMMAND [OPTIONS]

${commands.join("\n")}

${NAME} COMMAND --help shows a command's options and an example, ${NAME} --version the version.
`;
}

function commandHelp(name: string, command: Command): string {
  const { summary, options, example, notes, positionals = [] } = command;
  const rows = [...options, "help" as const].map((option) => {
    return [optionText(option), OPTIONS[option].help] as const;
  });
  const width = Math.max(...rows.map(([option]) => option.length));
  const usage = [
    ...positionals.map((positional) => ` ${positional}`),
    ...options.map((option) => ` [${optionText(option)}]`),
  ].join("");
  return `${NAME} ${name}: ${summary}

Usage: ${NAME} ${name}${usage}

${rows.map(([option, help]) => `  ${option.padEnd(width)}  ${help}`).join("\n")}

${notes.join("\n")}

Example: ${NAME} ${example}
`;
}

function optionText(option: OptionName): string {
  const definition = OPTIONS[option];
  return definition.type === "string" ? `--${option} ${definition.value}` : `--${option}`;
}

/** One or two lines: what is wrong, and the cure. */
function failureText(error: unknown, withStack: boolean): string {
  const lines = [`${NAME}: ${messageOf(error)}`];
  const isExpected = error instanceof PgError || error instanceof UsageError;
  const hint = isExpected ? error.hint : "Run it again with --log-level debug to see where.";
  if (hint !== undefined && !(withStack && !isExpected)) lines.push(`  ${hint}`);
  if (withStack && error instanceof Error) lines.push(stackOf(error));
  return `${lines.join("\n")}\n`;
}

function messageOf(error: unknown): string {
  if (error instanceof PgError && error.detail !== undefined) {
    return `${error.message} (${error.detail})`;
  }
  return error instanceof Error ? error.message : String(error);
}

function stackOf(error: Error): string {
  const stack = error.stack ?? "";
  return error.cause instanceof Error ? `${stack}\ncaused by ${stackOf(error.cause)}` : stack;
}
