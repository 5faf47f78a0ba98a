import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadSettings, type SettingsFlags, settingsPath } from "../../../src/settings/load.ts";
import { formatProblem } from "../../../src/settings/problem.ts";
import { needsRestart, SETTINGS, settingKeys } from "../../../src/settings/settings.ts";
import { marked, TemporaryFolder } from "./marked-text.ts";

/** Keys of 32 zero bytes: right in form, and nobody's password. */
const VERIFIER = `SCRAM-SHA-256$4096:c2FsdHNhbHQ=$${"A".repeat(43)}=:${"A".repeat(43)}=`;

function load(yaml: string, environment: Record<string, string> = {}, flags: SettingsFlags = {}) {
  using folder = new TemporaryFolder({ "server.yaml": yaml, "catalog/x.yaml": "" });
  const loaded = loadSettings({ config: join(folder.path, "server.yaml"), environment, flags });
  return { ...loaded, folder: folder.path };
}

function settingsOf(yaml: string, environment?: Record<string, string>, flags?: SettingsFlags) {
  const loaded = load(yaml, environment, flags);
  if (loaded.outcome === "problems") {
    throw new Error(loaded.problems.map((problem) => formatProblem(problem)).join("\n"));
  }
  return loaded.settings;
}

describe("a mistake is told at its line and column", () => {
  test.each([
    ["listen: { «prt: 1 }", 'unknown key "prt"; did you mean "port"?'],
    ["«limit: {}", 'unknown key "limit"; did you mean "limits"?'],
    ["listen:\n  port: «70000", "port: expected a port from 0 to 65535, got 70000"],
    ["http: «on", 'http: expected "off" or a mapping (key: value), got "on"'],
    ["http: { «prot: 1 }", 'unknown key "prot"; did you mean "port"?'],
    [
      "tls:\n  mode: «requires",
      'mode: expected one of "disable", "prefer", "require", got "requires"; did you mean "require"?',
    ],
    ["tls:\n  «certificate: a.pem", "tls.certificate needs tls.key beside it"],
    ["tls:\n  «key: a.pem", "tls.key needs tls.certificate beside it"],
    ["cache: { size: «20 }", "size: expected a size from 16MB to 9007199254740991B, got 20"],
    [
      "limits:\n  memory: «600%",
      'memory: expected a size such as 512MB (B, KB, MB, GB, TB) or a percentage from 1% to 100%, got "600%"',
    ],
    [
      "limits: { idle_timeout: «soon }",
      'idle_timeout: expected a duration such as 30s (ms, s, m, h, d), got "soon"',
    ],
    [
      "limits: { authentication_timeout: «0 }",
      "authentication_timeout: expected a duration of at least 1s, got 0",
    ],
    ["limits: { connections: «0 }", "connections: expected a number of at least 1, got 0"],
    ["limits: { message_size: «1KB }", 'message_size: expected a size from 64KB to 1GB, got "1KB"'],
    [
      "stores:\n  lake:\n    type: «s4",
      'type: expected one of "s3", "directory", got "s4"; did you mean "s3"?',
    ],
    ["stores:\n  «lake: {}", 'missing key "type" in "lake"'],
    ["stores:\n  «lake: { type: s3 }", 'missing key "bucket" in "lake"'],
    [
      "stores: { lake: { type: s3, bucket: «s3://b } }",
      "bucket: expected a bucket's name such as acme-data",
    ],
    [
      'stores: { lake: { type: s3, bucket: b, endpoint: «"https://user:hunter2@host" } }',
      "endpoint: expected a URL such as https://minio.example:9000",
    ],
    [
      "stores: { lake: { type: s3, bucket: b, credentials: { «acces_key_id: a, secret_access_key: b } } }",
      'unknown key "acces_key_id"; did you mean "access_key_id"?',
    ],
    [
      "stores: { lake: { type: s3, bucket: b, «credentials: { access_key_id: a } } }",
      'missing key "secret_access_key" in "credentials"',
    ],
    ["stores: { s: { type: directory, path: x, «bucket: b } }", 'unknown key "bucket"'],
    ["users: { ana: «hunter2 }", "ana: expected a mapping (key: value)"],
    ["users:\n  «ana:", 'user "ana" has neither a password nor a certificate'],
    [
      "users:\n  ana: «{ expires_at: 2027-01-31T18:00Z }",
      'user "ana" has neither a password nor a certificate',
    ],
    [
      "users: { ana: { password: x, «certficate: ana } }",
      'unknown key "certficate"; did you mean "certificate"?',
    ],
    ["users: { ana: { certificate: «true } }", 'the certificate of user "ana" needs tls.client_ca'],
    [
      "tls: { mode: disable, client_ca: ca.crt }\nusers: { ana: { certificate: «ana } }",
      'the certificate of user "ana" needs tls, but tls.mode is disable',
    ],
    [
      "users: { ana: { password: x, expires_at: «2027-01-31 } }",
      "expires_at: expected a moment such as 2027-01-31T18:00:00Z or 2027-01-31T18:00:00+01:00",
    ],
    ["users:\n  ana: { password: «12345 }", "password: expected text"],
    ["users:\n  ana: { password: «${ANA} }", "the environment variable ANA is not set"],
    [
      'users: { ana: { password: «"SCRAM-SHA-256$hunter2" } }',
      "password: this SCRAM-SHA-256 verifier is damaged",
    ],
    [
      `users: { ana: { password: «md5${"a".repeat(32)} } }`,
      "password: md5 passwords are not supported",
    ],
    [
      "listen: { host: 0.0.0.0 }\nusers: { ana: { password: «hunter2 } }",
      'the password of user "ana" is written out, but listen.host is 0.0.0.0',
    ],
    [
      "listen: { host: 0.0.0.0 }\nusers: { ana: { password: «${ANA:-hunter2} } }",
      'the password of user "ana" is written out, but listen.host is 0.0.0.0',
    ],
    [
      "log: { level: «inof }",
      'level: expected one of "debug", "info", "warn", "error", "silent", got "inof"; did you mean "info"?',
    ],
    ["listen: {}\n«listen: {}", 'duplicate key "listen"; it is in line 1 already'],
  ])("%j", (withMark, message) => {
    const { text, line, column } = marked(withMark);
    const loaded = load(text);
    const problems = loaded.outcome === "problems" ? loaded.problems : [];
    expect(problems).toEqual([expect.objectContaining({ line, column, message })]);
    expect(JSON.stringify(problems)).not.toContain("hunter2");
  });

  test("an absent catalog folder is told where it is named", () => {
    const { text, line, column } = marked("listen: {}\ncatalog: «nowhere/");
    const loaded = load(text);
    expect(loaded).toMatchObject({ problems: [{ line, column }] });
  });
});

test("an empty file gives the defaults of the table", () => {
  const settings = settingsOf("");
  expect(settings).toMatchObject({
    listen: { host: "127.0.0.1", port: 5433 },
    http: { host: "127.0.0.1", port: 8433 },
    tls: { mode: "prefer", certificate: undefined },
    cache: { sizeBytes: 20 * 1024 ** 3 },
    limits: {
      connections: 200,
      connectionsPerUser: 50,
      messageSizeBytes: 64 * 1024 ** 2,
      authenticationTimeoutMs: 10_000,
      writeTimeoutMs: 600_000,
      idleTimeoutMs: 0,
    },
    log: { level: "info", statements: false },
    notYet: [],
  });
  expect(settings.limits.memoryBytes).toBeGreaterThan(0);
});

test("every key of the contract is read, relative to the file's folder", () => {
  const yaml = `
listen: { host: 127.0.0.1, port: 5433 }
http: off
tls: { mode: require, certificate: tls/server.crt, key: tls/server.key, client_ca: tls/ca.crt }
catalog: catalog/
cache: { directory: ../cache, size: 1GB }
limits: { connections: 10, connections_per_user: 5, memory: 2GB, message_size: 1MB,
  authentication_timeout: 3s, write_timeout: 2m, idle_timeout: 5m }
stores:
  lake:
    type: s3
    bucket: acme-data
    region: eu-central-1
    endpoint: https://minio.example:9000
    path_style: false
    credentials: { access_key_id: \${LAKE_KEY}, secret_access_key: \${LAKE_SECRET} }
  aws: { type: s3, bucket: other }
  minio: { type: s3, bucket: other, endpoint: http://127.0.0.1:9000 }
  samples: { type: directory, path: ../examples/data }
users:
  ana: { password: "${VERIFIER}" }
  metabase: { password: \${METABASE_PASSWORD} }
`;
  const environment = { LAKE_KEY: "AK", LAKE_SECRET: "SK", METABASE_PASSWORD: "0123" };
  const loaded = load(yaml, environment);
  if (loaded.outcome !== "loaded") throw new Error(JSON.stringify(loaded.problems));
  const { settings, folder } = loaded;
  expect(settings).toMatchObject({
    http: undefined,
    tls: {
      mode: "require",
      certificate: {
        certificateFile: join(folder, "tls/server.crt"),
        keyFile: join(folder, "tls/server.key"),
      },
      clientCaFile: join(folder, "tls/ca.crt"),
    },
    catalogDirectory: join(folder, "catalog"),
    cache: { directory: join(folder, "../cache"), sizeBytes: 1024 ** 3 },
    limits: { memoryBytes: 2 * 1024 ** 3, writeTimeoutMs: 120_000, idleTimeoutMs: 300_000 },
  });
  expect(Object.fromEntries(settings.stores)).toEqual({
    lake: {
      type: "s3",
      bucket: "acme-data",
      region: "eu-central-1",
      endpoint: "https://minio.example:9000",
      pathStyle: false,
      credentials: { accessKeyId: "AK", secretAccessKey: "SK", sessionToken: undefined },
    },
    aws: { type: "s3", bucket: "other", pathStyle: false },
    minio: { type: "s3", bucket: "other", endpoint: "http://127.0.0.1:9000", pathStyle: true },
    samples: { type: "directory", path: join(folder, "../examples/data") },
  });
  expect(Object.fromEntries(settings.users)).toEqual({
    ana: { password: { kind: "verifier", verifier: VERIFIER } },
    metabase: { password: { kind: "plain", text: "0123", isWrittenOut: false } },
  });
  expect(settings.notYet).toEqual([]);
});

test("the terms of a bucket are read, and the key of its objects only over TLS", () => {
  const key = Buffer.alloc(32, "k").toString("base64");
  const yaml = (store: string) =>
    `stores: { lake: { type: s3, bucket: b, requester_pays: true, sse_c: { key: "\${SSE}" }, ${store} } }`;
  const messages = (store: string, value: string) => {
    const loaded = load(yaml(store), { SSE: value });
    const problems = loaded.outcome === "problems" ? loaded.problems : [];
    expect(JSON.stringify(problems)).not.toContain(value);
    return problems.map(({ message }) => message);
  };

  const settings = settingsOf(yaml("region: eu-west-1"), { SSE: key });
  expect([...settings.stores.values()]).toMatchObject([{ requesterPays: true, customerKey: key }]);
  expect(messages("region: eu-west-1", "c2hvcnQ=")).toEqual([
    "key: this has 5 bytes, but must be 32 bytes in base64",
  ]);
  expect(messages("region: eu-west-1", "k".repeat(31))).toEqual([
    "key: this is not base64, but must be 32 bytes in base64",
  ]);
  expect(messages("endpoint: http://minio.example", key)).toEqual([
    'sse_c of store "lake" needs an endpoint with https',
  ]);
  expect(messages("endpoint: http://127.0.0.1:9000", key)).toEqual([]);
});

test("flags win over the file, and turn on the HTTP server that they give a port", () => {
  const flags = { host: "127.0.0.2", port: 6000, httpPort: 0, logLevel: "debug" } as const;
  const settings = settingsOf("listen: { port: 1 }\nhttp: off", {}, flags);
  expect(settings.listen).toEqual({ host: "127.0.0.2", port: 6000 });
  expect(settings.http).toEqual({ host: "127.0.0.1", port: 0 });
  expect(settings.log.level).toBe("debug");
});

test("the flag that leaves loopback makes written passwords a problem, and TLS the default", () => {
  const yaml = "users: { demo: { password: demo } }";
  expect(load(yaml)).toMatchObject({ outcome: "loaded" });
  expect(load(yaml, {}, { host: "0.0.0.0" })).toMatchObject({ outcome: "problems" });
  const fromEnvironment = "users: { demo: { password: ${DEMO} } }";
  const settings = settingsOf(fromEnvironment, { DEMO: "demo" }, { host: "0.0.0.0" });
  expect(settings.tls.mode).toBe("require");
});

test("the file is found by --config, then by the environment, then where it is by default", () => {
  const workingDirectory = "/w";
  const environment = { BUCKETGRES_CONFIG: "e.yaml" };
  expect(settingsPath({ config: "c.yaml", environment, workingDirectory })).toBe("/w/c.yaml");
  expect(settingsPath({ environment, workingDirectory })).toBe("/w/e.yaml");
  expect(settingsPath({ environment: {}, workingDirectory })).toBe("/w/config/bucketgres.yaml");
});

test("a file that is not there, or is no UTF-8, is a problem of its first line", () => {
  const missing = loadSettings({ config: "/nowhere/b.yaml", environment: {} });
  expect(missing).toMatchObject({
    problems: [{ file: "/nowhere/b.yaml", line: 1, message: "there is no such file" }],
  });
  using folder = new TemporaryFolder({ "b.yaml": "" });
  expect(loadSettings({ config: folder.path, environment: {} })).toMatchObject({
    problems: [{ message: "this is a folder, not a file" }],
  });
});

test("what is valid in a file with problems is still there to check the catalog with", () => {
  const loaded = load(
    "stores: { a: { type: directory, path: x }, b: { type: s4 } }\nusers: { u: 5 }",
  );
  if (loaded.outcome === "loaded") throw new Error("the file has problems");
  expect([...(loaded.rest?.settings.stores.keys() ?? [])]).toEqual(["a"]);
  expect(loaded.rest?.declared.stores).toEqual(new Set(["a", "b"]));
  expect(loaded.rest?.declared.users).toEqual(new Set(["u"]));
});

test("only what cannot change while running is said to need a restart", () => {
  const before = settingsOf("listen: { port: 1 }\nlimits: { connections: 5 }\ncatalog: catalog");
  const after = {
    ...settingsOf(
      "listen: { port: 2 }\nlimits: { connections: 6 }\nhttp: off\nlog: { level: warn }",
    ),
  };
  const keys = needsRestart(before, after).filter((key) => key !== "cache.directory");
  expect(keys).toEqual(["listen.port", "http.host", "http.port"]);
  expect(needsRestart(before, before)).toEqual([]);
});

test("every default of the table is one that its own schema accepts", () => {
  for (const key of settingKeys()) {
    const row = SETTINGS[key];
    if (row.default === undefined) continue;
    expect({ key, ...row.schema.safeParse(row.default) }).toMatchObject({ success: true });
  }
});
