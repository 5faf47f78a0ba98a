import { PgError } from "../core/pg-error.ts";

/** Names in a startup packet that are not run-time parameters. */
const RESERVED = new Set(["user", "database", "options", "replication"]);

/** The run-time parameters of a startup packet: those of `options`, and over them its own. */
export function runTimeParameters(
  parameters: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const settings = new Map(optionSettings(parameters.get("options") ?? ""));
  for (const [name, value] of parameters) {
    if (!RESERVED.has(name) && !name.startsWith("_pq_.")) settings.set(name, value);
  }
  return settings;
}

/** What the client wants to replicate; PostgreSQL takes a boolean's beginnings, too. */
export function replicationOf(
  parameters: ReadonlyMap<string, string>,
): "off" | "physical" | "database" {
  const value = parameters.get("replication");
  if (value === undefined) return "off";
  if (value === "database") return "database";
  const given = value.toLowerCase();
  if (given !== "" && given !== "o") {
    if (["false", "no", "off", "0"].some((word) => word.startsWith(given))) return "off";
    if (["true", "yes", "on", "1"].some((word) => word.startsWith(given))) return "physical";
  }
  throw new PgError(
    "invalid_parameter_value",
    `invalid value for parameter "replication": "${value}"`,
    { severity: "FATAL", hint: 'Valid values are: "false", 0, "true", 1, "database".' },
  );
}

/**
 * `-c name=value`, `-cname=value`, `--name=value` and `-e`, as the server's own command line has
 * them; a backslash keeps the next character.
 */
function optionSettings(options: string): readonly (readonly [string, string])[] {
  const words = [...options.matchAll(/(?:\\.|[^\s\\])+/gs)].map(([word]) =>
    word.replaceAll(/\\(.)/gs, "$1"),
  );
  const settings: (readonly [string, string])[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (word === "-c") {
      index += 1;
      const assignment = words[index];
      if (assignment === undefined) throw invalidArgument(word);
      settings.push(assigned("-c ", assignment));
    } else if (word.startsWith("-c")) settings.push(assigned("-c ", word.slice(2)));
    else if (word.startsWith("--")) settings.push(assigned("--", word.slice(2)));
    else if (word === "-e") settings.push(["datestyle", "euro"]);
    else throw invalidArgument(word);
  }
  return settings;
}

function assigned(option: string, assignment: string): readonly [string, string] {
  const equals = assignment.indexOf("=");
  if (equals < 0) throw fatal(`${option}${assignment} requires a value`);
  return [assignment.slice(0, equals).replaceAll("-", "_"), assignment.slice(equals + 1)];
}

function invalidArgument(word: string): PgError {
  return fatal(
    `invalid command-line argument for server process: ${word}`,
    "Write settings as -c name=value or --name=value.",
  );
}

function fatal(message: string, hint?: string): PgError {
  return new PgError("syntax_error", message, { severity: "FATAL", hint });
}
