import pino from "pino";
import pinoPretty from "pino-pretty";
import { redactedFields, redactedText } from "./redact.ts";

/** From the most to the least talkative. `silent` says nothing at all. */
export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type LogFields = Readonly<Record<string, unknown>>;

/** The message is a constant; what varies is a field. An error goes into the field `err`. */
export interface WriteLog {
  (message: string): void;
  (fields: LogFields, message: string): void;
}

/** The logger we pass around. It takes out secrets, whatever is handed to it. */
export interface Logger {
  readonly debug: WriteLog;
  readonly info: WriteLog;
  readonly warn: WriteLog;
  readonly error: WriteLog;
  /** A logger whose every line has these fields: `session`, `workspace`, `role`. */
  child(fields: LogFields): Logger;
}

export interface RootLogger extends Logger {
  /** Counts at once, for all children too. */
  setLevel(level: LogLevel): void;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Coloured lines for people instead of JSON; default: whether stderr is a terminal. */
  readonly pretty?: boolean;
  /** Default: stderr, because stdout is for what a command prints. */
  readonly destination?: { write(line: string): void };
}

export function createLogger(options: LoggerOptions): RootLogger {
  const threshold: Threshold = { level: options.level };
  // Written at once: the last line before a crash is the one that is needed.
  const destination = options.destination ?? pino.destination({ dest: 2, sync: true });
  const stream = (options.pretty ?? process.stderr.isTTY) ? prettyStream(destination) : destination;
  const backend = pino(
    {
      // The threshold is ours, because a pino child keeps the level it was born with.
      level: "debug",
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // Errors arrive here as plain objects.
      serializers: { err: (err: unknown) => err },
    },
    stream,
  );
  return Object.assign(wrap(backend, threshold), {
    setLevel: (level: LogLevel) => {
      threshold.level = level;
    },
  });
}

interface Threshold {
  level: LogLevel;
}

function wrap(backend: pino.Logger, threshold: Threshold): Logger {
  const writer = (level: "debug" | "info" | "warn" | "error"): WriteLog => {
    const rank = LOG_LEVELS.indexOf(level);
    return (first: LogFields | string, message?: string) => {
      if (rank < LOG_LEVELS.indexOf(threshold.level)) return;
      if (typeof first === "string") backend[level](redactedText(first));
      else backend[level](redactedFields(first), message);
    };
  };
  return {
    debug: writer("debug"),
    info: writer("info"),
    warn: writer("warn"),
    error: writer("error"),
    child: (fields) => wrap(backend.child(redactedFields(fields)), threshold),
  };
}

/** In this process and line by line: pino-pretty's own stream would lose the last lines at an exit. */
function prettyStream(destination: { write(line: string): void }): pino.DestinationStream {
  const prettify = pinoPretty.prettyFactory({
    colorize: pinoPretty.isColorSupported,
    translateTime: "SYS:HH:MM:ss.l",
    singleLine: true,
  });
  return { write: (line) => destination.write(prettify(line)) };
}
