import { LOG_LEVELS } from "../observe/logger.ts";
import type { SettingsSource } from "../settings/load.ts";
import { formatProblem, type Problem } from "../settings/problem.ts";
import { type OptionValues, readInteger, readWord } from "./arguments.ts";
import type { CliContext } from "./context.ts";

const PORTS = { min: 0, max: 65_535 };

/** Where the configuration is and what the command line says over it. */
export function settingsSource(values: OptionValues, context: CliContext): SettingsSource {
  return {
    config: values.config,
    environment: context.environment,
    flags: {
      host: values.host,
      port: readInteger(values, "port", PORTS),
      httpPort: readInteger(values, "http-port", PORTS),
      logLevel: readWord(values, "log-level", LOG_LEVELS),
    },
  };
}

/** One line per problem, which editors and terminals can open. */
export function problemLines(problems: readonly Problem[]): string {
  return problems.map((problem) => `${formatProblem(problem)}\n`).join("");
}
