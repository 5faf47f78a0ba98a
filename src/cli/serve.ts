import {
  type Configuration,
  type LoadedConfiguration,
  loadConfiguration,
} from "../catalog/configuration.ts";
import { createLogger, type RootLogger } from "../observe/logger.ts";
import type { OptionValues } from "./arguments.ts";
import { problemLines, settingsSource } from "./configuration.ts";
import { type CliContext, EXIT, type ExitCode } from "./context.ts";

/** Starts a gateway, as src/gateway.ts does. */
export type Serve = (options: ServeOptions) => Promise<RunningGateway>;

export interface ServeOptions {
  readonly configuration: Configuration;
  /** Reads the configuration again, from the same places and under the same flags. */
  readonly load: () => LoadedConfiguration;
  readonly log: RootLogger;
  readonly version: string;
}

export interface RunningGateway {
  /** Something that psql takes: with a password only where the configuration shows it to anyone. */
  readonly url: string;
  /** Resolves when every table was looked at once. */
  readonly loaded: Promise<void>;
  /** Says in the log what came of it, and keeps the old configuration if the new one is wrong. */
  reload(): Promise<void>;
  /** Lets running statements end, within limits. */
  stop(): Promise<void>;
}

/** Whoever pastes the line that is printed then meets tables with rows, unless they are large. */
const FIRST_LOAD_MS = 30_000;

/** Runs the gateway until a signal, then drains it. */
export async function serve(values: OptionValues, context: CliContext): Promise<ExitCode> {
  const source = settingsSource(values, context);
  const load = () => loadConfiguration(source);
  const loaded = load();
  if (loaded.outcome === "problems") {
    context.stderr.write(problemLines(loaded.problems));
    return EXIT.usage;
  }
  const { version } = context;
  const log = createLogger({ level: loaded.settings.log.level });
  for (const { key, message } of loaded.notYet)
    log.warn({ key, message }, "setting without effect");

  using ending = endingSignals();
  const gateway = await context.serve({ configuration: loaded, load, log, version });
  using _ = onSignal("SIGHUP", () => {
    gateway.reload().catch((err: unknown) => log.error({ err }, "reload failed"));
  });
  await Promise.race([gateway.loaded, ending.first, atMost(FIRST_LOAD_MS)]);
  context.stdout.write(`psql ${gateway.url}\n`);
  const signal = await ending.first;
  log.info({ signal }, "stopping");
  await gateway.stop();
  return EXIT.ok;
}

function atMost(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

/** The first of the signals is a request; another one means that the wait for it was too long. */
function endingSignals(): Disposable & { readonly first: Promise<NodeJS.Signals> } {
  const subscriptions: Disposable[] = [];
  const first = new Promise<NodeJS.Signals>((resolve) => {
    let requested = false;
    const heard = (signal: NodeJS.Signals) => {
      if (requested) process.exit(EXIT.failed);
      requested = true;
      resolve(signal);
    };
    subscriptions.push(onSignal("SIGTERM", heard), onSignal("SIGINT", heard));
  });
  return {
    first,
    [Symbol.dispose]: () => {
      for (const subscription of subscriptions) subscription[Symbol.dispose]();
    },
  };
}

function onSignal(signal: NodeJS.Signals, heard: (signal: NodeJS.Signals) => void): Disposable {
  process.on(signal, heard);
  return { [Symbol.dispose]: () => void process.off(signal, heard) };
}
