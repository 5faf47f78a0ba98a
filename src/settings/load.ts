/** The server's YAML, its environment and the command line's flags -> Settings, or every problem. */
import { dirname, resolve } from "node:path";
import { assert } from "../core/assert.ts";
import type { RoleName, StoreName } from "../core/brands.ts";
import { isLoopback } from "../core/loopback.ts";
import { contradictions } from "./contradictions.ts";
import { memoryLimitBytes } from "./memory-limit.ts";
import { type Problem, sortProblems } from "./problem.ts";
import type { Share } from "./scalars.ts";
import { valueAt } from "./schema-walk.ts";
import {
  type LogLevel,
  type NotYet,
  type PasswordSettings,
  SETTINGS,
  SETTINGS_FILE,
  type Setting,
  type SettingKey,
  type Settings,
  type SettingValue,
  type StoreSettings,
  settingKeys,
  type TlsSettings,
  type UserSettings,
} from "./settings.ts";
import { isVerifier, type StoreEntry, type UserEntry } from "./stores-and-users.ts";
import { readTextFile } from "./text-file.ts";
import type { Environment } from "./variables.ts";
import { YamlDocument } from "./yaml-document.ts";
import type { YamlPath } from "./yaml-tree.ts";

export interface SettingsSource {
  /** What --config names; else $BUCKETGRES_CONFIG, else config/bucketgres.yaml. */
  readonly config?: string | undefined;
  readonly flags?: SettingsFlags;
  readonly environment: Environment;
  readonly workingDirectory?: string;
}

/** What the command line says wins over the file. */
export interface SettingsFlags {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly httpPort?: number | undefined;
  readonly logLevel?: LogLevel | undefined;
}

export type LoadedSettings =
  | { readonly outcome: "loaded"; readonly settings: Settings; readonly declared: Declared }
  | {
      readonly outcome: "problems";
      readonly problems: readonly Problem[];
      /** What is valid nevertheless: enough to look for problems in the catalog as well. */
      readonly rest: { readonly settings: Settings; readonly declared: Declared } | undefined;
    };

/** The names that the file declares, whether or not what they stand for is valid. */
export interface Declared {
  readonly stores: ReadonlySet<string>;
  readonly users: ReadonlySet<string>;
}

export function settingsPath(source: SettingsSource): string {
  const { config, environment, workingDirectory = process.cwd() } = source;
  const named = config ?? (environment["BUCKETGRES_CONFIG"] || undefined);
  return resolve(workingDirectory, named ?? "config/bucketgres.yaml");
}

export function loadSettings(source: SettingsSource): LoadedSettings {
  const file = settingsPath(source);
  const text = readTextFile(file, "Name the file with --config or $BUCKETGRES_CONFIG.");
  if (typeof text !== "string") return { outcome: "problems", problems: [text], rest: undefined };

  const { environment, flags = {} } = source;
  const document = new YamlDocument({
    file,
    text,
    environment,
    schema: SETTINGS_FILE,
    isSecret,
  });
  if (document.value === undefined) {
    return { outcome: "problems", problems: sortProblems(document.problems), rest: undefined };
  }
  const values = settingValues(document.value, flags);
  const settings = settingsOf(file, values, document, flags);
  const declared: Declared = {
    stores: new Set(document.keys(["stores"])),
    users: new Set(document.keys(["users"])),
  };
  const problems = [...document.problems, ...contradictions(document, settings)];
  return problems.length === 0
    ? { outcome: "loaded", settings, declared }
    : { outcome: "problems", problems: sortProblems(problems), rest: { settings, declared } };
}

type Values = { readonly [K in SettingKey]: SettingValue<K> | undefined };

/** The document's values, the flags over them and the defaults below. */
function settingValues(
  value: Readonly<Record<string, unknown>>,
  { host, port, httpPort, logLevel }: SettingsFlags,
): Values {
  const overrides: Partial<Record<SettingKey, unknown>> = {
    "listen.host": host,
    "listen.port": port,
    "http.port": httpPort,
    "log.level": logLevel,
  };
  const values = settingKeys().map((key) => {
    const row: Setting<unknown> = SETTINGS[key];
    const given = overrides[key] ?? valueAt(value, key.split("."));
    return [key, given ?? (row.default === undefined ? undefined : row.schema.parse(row.default))];
  });
  // Each value has passed the schema of its own row, in the document or just now.
  return Object.fromEntries(values) as Values;
}

function settingsOf(
  file: string,
  values: Values,
  document: YamlDocument<Readonly<Record<string, unknown>>>,
  { httpPort }: SettingsFlags,
): Settings {
  const folder = dirname(file);
  const inFolder = (path: string): string => resolve(folder, path);
  const host = required(values["listen.host"]);
  const isHttpOff = document.value?.["http"] === "off" && httpPort === undefined;
  const directory = inFolder(required(values["cache.directory"]));
  const fixedValues = new Map<SettingKey, unknown>(
    settingKeys()
      .filter((key) => !SETTINGS[key].reloadable)
      .map((key) => [key, key.startsWith("http.") && isHttpOff ? "off" : values[key]]),
  );
  return {
    file,
    listen: { host, port: required(values["listen.port"]) },
    http: isHttpOff
      ? undefined
      : { host: required(values["http.host"]), port: required(values["http.port"]) },
    tls: tlsOf(values, host, inFolder),
    catalogDirectory: inFolder(required(values["catalog"])),
    cache: { directory, sizeBytes: required(values["cache.size"]) },
    limits: {
      connections: required(values["limits.connections"]),
      connectionsPerUser: required(values["limits.connections_per_user"]),
      memoryBytes: bytesOf(required(values["limits.memory"])),
      messageSizeBytes: required(values["limits.message_size"]),
      authenticationTimeoutMs: required(values["limits.authentication_timeout"]),
      writeTimeoutMs: required(values["limits.write_timeout"]),
      idleTimeoutMs: required(values["limits.idle_timeout"]),
    },
    log: {
      level: required(values["log.level"]),
      statements: required(values["log.statements"]),
    },
    // The names passed the schema: text with something in it.
    stores: new Map(
      Object.entries(required(values.stores)).map(([name, entry]) => [
        name as StoreName,
        storeOf(entry, inFolder),
      ]),
    ),
    users: new Map(
      Object.entries(required(values.users)).map(([name, entry]) => [
        name as RoleName,
        userOf(name, entry, document.isWrittenOut(["users", name, "password"])),
      ]),
    ),
    notYet: notYetOf(values),
    fixedValues: fixedValues.set("cache.directory", directory),
  };
}

function required<T>(value: T | undefined): T {
  assert(value !== undefined, "a setting with a default has a value");
  return value;
}

function bytesOf(share: Share): number {
  return share.kind === "size" ? share.bytes : Math.floor(memoryLimitBytes() * share.fraction);
}

function tlsOf(values: Values, host: string, inFolder: (path: string) => string): TlsSettings {
  const certificate = values["tls.certificate"];
  const key = values["tls.key"];
  const clientCa = values["tls.client_ca"];
  return {
    mode: values["tls.mode"] ?? (isLoopback(host) ? "prefer" : "require"),
    certificate:
      certificate === undefined || key === undefined
        ? undefined
        : { certificateFile: inFolder(certificate), keyFile: inFolder(key) },
    clientCaFile: clientCa === undefined ? undefined : inFolder(clientCa),
    channelBinding: required(values["tls.channel_binding"]),
  };
}

function storeOf(entry: StoreEntry, inFolder: (path: string) => string): StoreSettings {
  if (entry.type === "directory") return { type: "directory", path: inFolder(entry.path) };
  const { bucket, region, endpoint, path_style, credentials, requester_pays, sse_c } = entry;
  return {
    type: "s3",
    bucket,
    region,
    endpoint,
    // AWS wants the bucket in the host's name; servers of one's own seldom have a name per bucket.
    pathStyle: path_style ?? endpoint !== undefined,
    credentials: credentials && {
      accessKeyId: credentials.access_key_id,
      secretAccessKey: credentials.secret_access_key,
      sessionToken: credentials.session_token,
    },
    requesterPays: requester_pays,
    customerKey: sse_c?.key,
  };
}

function userOf(name: string, entry: UserEntry, isWrittenOut: boolean): UserSettings {
  const { password, certificate, expires_at: expiresAtMs } = entry;
  return {
    password: password === undefined ? undefined : passwordOf(password, isWrittenOut),
    certificateName: certificate === true ? name : certificate,
    expiresAtMs,
  };
}

function passwordOf(password: string, isWrittenOut: boolean): PasswordSettings {
  return isVerifier(password)
    ? { kind: "verifier", verifier: password }
    : { kind: "plain", text: password, isWrittenOut };
}

function notYetOf(values: Values): NotYet[] {
  return settingKeys().flatMap((key) => {
    const row: Setting<unknown> = SETTINGS[key];
    const value = values[key];
    const hasEffect = !("notYetUnless" in row) || value === undefined || value === row.notYetUnless;
    return hasEffect ? [] : [{ key, message: `${key} is accepted, but has no effect yet` }];
  });
}

/** What may be shown of a store; everything else there, and all of a user, may be a secret. */
const SHOWN_OF_STORES: ReadonlySet<unknown> = new Set([
  "type",
  "region",
  "path_style",
  "requester_pays",
  "path",
]);

function isSecret(path: YamlPath): boolean {
  if (path[0] === "users") return true;
  return path[0] === "stores" && !SHOWN_OF_STORES.has(path[2]);
}
