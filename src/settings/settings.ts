/** What can be set in the server's YAML, in one table, and the checked settings made of it. */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { RoleName, StoreName } from "../core/brands.ts";
import { COUNT, DURATION, PORT, SHARE, sizeBetween, TEXT, TIMEOUT } from "./scalars.ts";
import { STORE, USER } from "./stores-and-users.ts";

export interface Setting<T> {
  readonly schema: z.ZodType<T>;
  /** As it would stand in the YAML; undefined where the help says what is done without it. */
  readonly default: SettingDefault | undefined;
  readonly help: string;
  /** False where a change needs a restart. */
  readonly reloadable: boolean;
  /** Accepted already, and without effect yet unless it has this value. */
  readonly notYetUnless?: T;
}

/** `{}` is an empty mapping. */
export type SettingDefault = string | number | boolean | Readonly<Record<string, never>>;

/** Lets each row keep the type of its own schema. */
function setting<T>(row: Setting<T>): Setting<T> {
  return row;
}

const MB = 1024 ** 2;

/** Every setting by its path in the YAML. */
export const SETTINGS = {
  "listen.host": setting({
    schema: TEXT,
    default: "127.0.0.1",
    help: "Address for PostgreSQL clients; 0.0.0.0 or :: is every address of the machine",
    reloadable: false,
  }),
  "listen.port": setting({
    schema: PORT,
    default: 5433,
    help: "Port for PostgreSQL clients; 0 lets the system choose",
    reloadable: false,
  }),
  "http.host": setting({
    schema: TEXT,
    default: "127.0.0.1",
    help: "Address for health, metrics and the status page",
    reloadable: false,
  }),
  "http.port": setting({
    schema: PORT,
    default: 8433,
    help: "Port for health, metrics and the status page; 0 lets the system choose",
    reloadable: false,
  }),
  "tls.mode": setting<"disable" | "prefer" | "require">({
    schema: z.enum(["disable", "prefer", "require"]),
    default: undefined,
    help: "disable, prefer or require; default: require outside loopback, prefer on loopback",
    reloadable: true,
  }),
  "tls.certificate": setting<string | undefined>({
    schema: TEXT,
    default: undefined,
    help: "PEM file with the certificate chain; default: a self-signed one is made and kept",
    reloadable: true,
  }),
  "tls.key": setting<string | undefined>({
    schema: TEXT,
    default: undefined,
    help: "PEM file with the certificate's private key",
    reloadable: true,
  }),
  "tls.client_ca": setting<string | undefined>({
    schema: TEXT,
    default: undefined,
    help: "PEM file with the authorities that clients' certificates must come from",
    reloadable: true,
  }),
  "tls.channel_binding": setting({
    schema: z.boolean(),
    default: true,
    help: "Whether SCRAM-SHA-256-PLUS is offered; false where a proxy ends TLS and begins it anew",
    reloadable: true,
  }),
  catalog: setting({
    schema: TEXT,
    default: "catalog/",
    help: "Folder of the workspace files, watched for changes",
    reloadable: true,
  }),
  "cache.directory": setting({
    schema: TEXT,
    default: "../.bucketgres/cache",
    help: "Folder of the loaded tables; survives a restart and can be deleted at any time",
    reloadable: false,
  }),
  "cache.size": setting({
    schema: sizeBetween(16 * MB, Number.MAX_SAFE_INTEGER),
    default: "20GB",
    help: "Disk space for the cache; what was not used for longest goes first",
    reloadable: true,
  }),
  "limits.connections": setting({
    schema: COUNT,
    default: 200,
    help: "Client connections in all workspaces together",
    reloadable: true,
  }),
  "limits.connections_per_user": setting({
    schema: COUNT,
    default: 50,
    help: "Client connections of one user in all workspaces together",
    reloadable: true,
  }),
  "limits.memory": setting({
    schema: SHARE,
    default: "60%",
    help: "Memory of the engines of all workspaces: a size, or a part of the container's or machine's",
    reloadable: false,
  }),
  "limits.message_size": setting({
    schema: sizeBetween(64 * 1024, 1024 * MB),
    default: "64MB",
    help: "The largest message that a client may send after its login",
    reloadable: true,
  }),
  "limits.authentication_timeout": setting({
    schema: TIMEOUT,
    default: "10s",
    help: "How long a client may take to log in",
    reloadable: true,
  }),
  "limits.write_timeout": setting({
    schema: DURATION,
    default: "10m",
    help: "How long a client may read nothing of an answer that waits for it; 0 is for ever",
    reloadable: true,
  }),
  "limits.idle_timeout": setting({
    schema: DURATION,
    default: 0,
    help: "How long a session may be idle: the default of idle_session_timeout; 0 is for ever",
    reloadable: true,
  }),
  "log.level": setting({
    schema: z.enum(["debug", "info", "warn", "error", "silent"]),
    default: "info",
    help: "The least that is logged: debug, info, warn, error or silent",
    reloadable: true,
  }),
  "log.statements": setting({
    schema: z.boolean(),
    default: false,
    help: "Whether the SQL text of statements is logged; parameters never are",
    reloadable: true,
  }),
  stores: setting({
    schema: z.record(TEXT, STORE),
    default: {},
    help: "Where source files are, by the name that the workspaces use",
    reloadable: true,
  }),
  users: setting({
    schema: z.record(TEXT, USER),
    default: {},
    help: "Who may log in, by name; each workspace names its members",
    reloadable: true,
  }),
} as const;

export type SettingKey = keyof typeof SETTINGS;
export type SettingValue<K extends SettingKey> =
  (typeof SETTINGS)[K] extends Setting<infer T> ? T : never;

const GROUPS: Readonly<Record<string, string>> = {
  listen: "Where PostgreSQL clients connect",
  http: "Health, metrics and the status page; off turns them off",
  tls: "Encryption of client connections",
  cache: "The local copies of the tables",
  limits: "Bounds for all workspaces together",
  log: "What is logged",
};

/** The YAML's shape, made of the table. */
export const SETTINGS_FILE: z.ZodType<Readonly<Record<string, unknown>>> = settingsFile();

function settingsFile(): z.ZodType<Record<string, unknown>> {
  const top: Record<string, z.ZodType> = {};
  const groups: Record<string, Record<string, z.ZodType>> = {};
  for (const [key, row] of Object.entries<Setting<unknown>>(SETTINGS)) {
    const [group = "", name] = key.split(".");
    const shape = name === undefined ? top : (groups[group] ??= {});
    const value = typeof row.default === "object" ? undefined : row.default;
    const help = value === undefined ? row.help : `${row.help}; default: ${String(value)}`;
    shape[name ?? group] = row.schema.optional().describe(help);
  }
  for (const [group, shape] of Object.entries(groups)) {
    const object = z.strictObject(shape);
    const schema = group === "http" ? z.union([z.literal("off"), object]) : object;
    top[group] = schema.optional().describe(GROUPS[group] ?? "");
  }
  return z.strictObject(top);
}

/** The server's settings: checked, immutable, paths absolute. */
export interface Settings {
  /** The YAML file they were read from. */
  readonly file: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Undefined when it is off. */
  readonly http: { readonly host: string; readonly port: number } | undefined;
  readonly tls: TlsSettings;
  readonly catalogDirectory: string;
  readonly cache: { readonly directory: string; readonly sizeBytes: number };
  readonly limits: ServerLimits;
  readonly log: { readonly level: LogLevel; readonly statements: boolean };
  readonly stores: ReadonlyMap<StoreName, StoreSettings>;
  readonly users: ReadonlyMap<RoleName, UserSettings>;
  /** What the file sets for features that are not there yet: each deserves a warning. */
  readonly notYet: readonly NotYet[];
  /** The values of what needs a restart to change. */
  readonly fixedValues: ReadonlyMap<SettingKey, unknown>;
}

export type LogLevel = SettingValue<"log.level">;

export interface TlsSettings {
  readonly mode: "disable" | "prefer" | "require";
  /** Undefined: a self-signed one is made and kept. */
  readonly certificate: { readonly certificateFile: string; readonly keyFile: string } | undefined;
  readonly clientCaFile: string | undefined;
  readonly channelBinding: boolean;
}

export interface ServerLimits {
  readonly connections: number;
  readonly connectionsPerUser: number;
  readonly memoryBytes: number;
  readonly messageSizeBytes: number;
  readonly authenticationTimeoutMs: number;
  /** 0 is none. */
  readonly writeTimeoutMs: number;
  /** 0 is none. */
  readonly idleTimeoutMs: number;
}

export type StoreSettings =
  | { readonly type: "directory"; readonly path: string }
  | {
      readonly type: "s3";
      readonly bucket: string;
      readonly region: string | undefined;
      readonly endpoint: string | undefined;
      readonly pathStyle: boolean;
      /** Undefined: AWS's own chain. */
      readonly credentials: S3Credentials | undefined;
      readonly requesterPays?: boolean | undefined;
      /** Of SSE-C, in base64. */
      readonly customerKey?: string | undefined;
    };

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

/** A user has a password, a certificate or both, which are then both asked for. */
export interface UserSettings {
  readonly password: PasswordSettings | undefined;
  /** The common name of the client's certificate. */
  readonly certificateName: string | undefined;
  /** In milliseconds since 1970. */
  readonly expiresAtMs: number | undefined;
}

export type PasswordSettings =
  | { readonly kind: "verifier"; readonly verifier: string }
  /** `isWrittenOut` where whoever reads the file reads the password. */
  | { readonly kind: "plain"; readonly text: string; readonly isWrittenOut: boolean };

export interface NotYet {
  readonly key: string;
  readonly message: string;
}

/** The settings that differ between the two and cannot change while running. */
export function needsRestart(before: Settings, after: Settings): readonly SettingKey[] {
  return [...before.fixedValues.keys()].filter(
    (key) => !isDeepStrictEqual(before.fixedValues.get(key), after.fixedValues.get(key)),
  );
}

export function settingKeys(): readonly SettingKey[] {
  // Object.keys forgets the type of the keys; the table has no others.
  return Object.keys(SETTINGS) as SettingKey[];
}
