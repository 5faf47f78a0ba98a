import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  cancelRequest,
  gssEncRequest,
  packet,
  query,
  sslRequest,
  startup,
} from "../support/frontend.ts";
import { startGateway, type TestGateway, USER } from "../support/gateway.ts";
import { WireClient } from "../support/wire-client.ts";

/** For the tests that change nothing of it and want no settings of their own. */
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

test("requests for encryption are answered, and the same connection goes on without it", async () => {
  await using gateway = await startGateway({ settings: { tls: { mode: "disable" } } });
  await using client = await WireClient.open(gateway.port);

  client.send(gssEncRequest());
  expect(await client.byte()).toBe("N");
  client.send(sslRequest());
  expect(await client.byte()).toBe("N");
  client.send(gssEncRequest());
  expect(await client.byte()).toBe("N");

  expect((await client.authenticate(USER)).at(-1)).toEqual({
    type: "ReadyForQuery",
    transactionStatus: "I",
  });
});

test("a login reports the server's parameters and the key that cancels", async () => {
  await using client = await WireClient.open(gateway.port);

  const messages = await client.authenticate({
    ...USER,
    parameters: {
      application_name: "my app",
      options: "-c TimeZone=Asia/Tokyo --statement-timeout=5s -e -csearch_path=a,\\ b",
      geqo: "off",
      "my.setting": "yes",
    },
  });

  const statuses = Object.fromEntries(
    messages
      .filter(({ type }) => type === "ParameterStatus")
      .map(({ name, value }) => [name, value]),
  );
  expect(statuses).toMatchObject({
    application_name: "my app",
    client_encoding: "UTF8",
    DateStyle: "ISO, DMY",
    integer_datetimes: "on",
    IntervalStyle: "postgres",
    server_encoding: "UTF8",
    session_authorization: "ana",
    standard_conforming_strings: "on",
    TimeZone: "Asia/Tokyo",
  });
  expect(String(statuses["server_version"])).toMatch(/^15\.\d+$/);
  expect(client.processId).toBeGreaterThan(0);
  expect(client.secretKey).toHaveLength(4);
  client.send(query("SHOW statement_timeout; SHOW search_path; SHOW my.setting"));
  expect((await client.untilReady()).filter(({ type }) => type === "DataRow")).toEqual([
    { type: "DataRow", values: ["5s"] },
    { type: "DataRow", values: ["a, b"] },
    { type: "DataRow", values: ["yes"] },
  ]);
});

test("a wrong password, an unknown user, a user who is no member and a database that is no workspace hear the same", async () => {
  await using gateway = await startGateway({
    settings: { users: { [USER.user]: { password: USER.password }, bob: { password: "hunter2" } } },
  });
  const attempts = [
    { ...USER, password: "wrong" },
    { ...USER, user: "nobody" },
    { ...USER, user: "bob", password: "hunter2" },
    { ...USER, database: "nowhere" },
  ];

  for (const login of attempts) {
    await using client = await WireClient.open(gateway.port);
    const last = (await client.authenticate(login)).at(-1);
    expect(last).toMatchObject({
      type: "ErrorResponse",
      severity: "FATAL",
      code: "28P01",
      message: `password authentication failed for user "${login.user}"`,
    });
  }
});

test.each([
  ["3.0", 0x0003_0000, {}, undefined, 4],
  ["3.1", 0x0003_0001, {}, undefined, 4],
  ["3.2", 0x0003_0002, {}, undefined, 32],
  ["3.0 with an option", 0x0003_0000, { "_pq_.shiny": "1" }, 0x0003_0000, 4],
  ["3.2 with options", 0x0003_0002, { "_pq_.a": "1", "_pq_.b": "" }, 0x0003_0002, 32],
  ["3.9999", 0x0003_270f, { "_pq_.test_protocol_negotiation": "" }, 0x0003_0002, 32],
  ["3.65535", 0x0003_ffff, {}, 0x0003_0002, 32],
])(
  "protocol %s is negotiated in one message, if in any, and has its kind of cancel key",
  async (_name, version, options, negotiated, keyBytes) => {
    await using client = await WireClient.open(gateway.port);

    const messages = await client.authenticate({ ...USER, version, parameters: options });

    expect(messages.filter(({ type }) => type === "NegotiateProtocolVersion")).toEqual(
      negotiated === undefined
        ? []
        : [
            {
              type: "NegotiateProtocolVersion",
              version: negotiated,
              options: Object.keys(options),
            },
          ],
    );
    expect(messages.at(-1)).toMatchObject({ type: "ReadyForQuery" });
    expect(client.secretKey).toHaveLength(keyBytes);
  },
);

test("a cancel request is never answered, whatever the length of its key", async () => {
  for (const length of [0, 3, 4, 32, 256, 257, 9_000]) {
    await using client = await WireClient.open(gateway.port);
    client.send(cancelRequest(1, Buffer.alloc(length)));
    expect(await client.untilEnd()).toEqual([]);
  }
});

test.each([
  [
    "an unknown parameter",
    { surprise: "yes" },
    "42704",
    'unrecognized configuration parameter "surprise"',
  ],
  [
    "a value that is none",
    { statement_timeout: "abc" },
    "22023",
    'invalid value for parameter "statement_timeout": "abc"',
  ],
  [
    "a fixed parameter",
    { server_version: "99" },
    "55P02",
    'parameter "server_version" cannot be changed',
  ],
  [
    "an encoding that nobody has",
    { client_encoding: "KLINGON" },
    "22023",
    'invalid value for parameter "client_encoding": "KLINGON"',
  ],
  [
    "an option without its value",
    { options: "-c" },
    "42601",
    "invalid command-line argument for server process: -c",
  ],
  ["an assignment without a value", { options: "-c x" }, "42601", "-c x requires a value"],
  ["a long option without a value", { options: "--a.b" }, "42601", "--a.b requires a value"],
  [
    "an option without a name",
    { options: "--=x" },
    "42704",
    'unrecognized configuration parameter ""',
  ],
  [
    "an unknown option",
    { options: "-z" },
    "42601",
    "invalid command-line argument for server process: -z",
  ],
  [
    "a word",
    { options: "-c geqo=on extra" },
    "42601",
    "invalid command-line argument for server process: extra",
  ],
  [
    "replication",
    { replication: "true" },
    "42501",
    "must be superuser or replication role to start walsender",
  ],
])("%s ends the login with what PostgreSQL says", async (_what, parameters, code, message) => {
  await using client = await WireClient.open(gateway.port);

  const last = (await client.authenticate({ ...USER, parameters })).at(-1);

  expect(last).toMatchObject({ type: "ErrorResponse", severity: "FATAL", code, message });
});

test.each([
  ["bytes of another protocol", Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), "08P01"],
  ["a length of 2 GB", Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 3, 0, 0]), "08P01"],
  ["a length below its own", Buffer.from([0, 0, 0, 3, 0, 3, 0, 0]), "08P01"],
  ["a startup packet of 10,001 bytes", startup({ user: "ana", x: "x".repeat(9_984) }), "08P01"],
  ["an empty startup packet", packet(Buffer.alloc(0)), "08P01"],
  ["a startup packet without its end", packet(Buffer.from("\0\x03\0\0user\0ana\0")), "08P01"],
  ["a startup packet with more", packet(Buffer.from("\0\x03\0\0user\0ana\0\0x")), "08P01"],
  ["a parameter without a value", packet(Buffer.from("\0\x03\0\0user\0")), "08P01"],
  ["protocol 2.0", packet(Buffer.from([0, 2, 0, 0, 0])), "0A000"],
  ["protocol 4.0", startup({ user: "ana" }, 0x0004_0000), "0A000"],
  ["a startup packet without a user", startup({ database: "test" }), "28000"],
  ["a doubtful replication", startup({ user: "ana", replication: "o" }), "22023"],
])("%s: one error, and the gateway goes on", async (_what, bytes, code) => {
  await using client = await WireClient.open(gateway.port);

  client.send(bytes);

  expect(await client.untilEnd()).toEqual([
    expect.objectContaining({ type: "ErrorResponse", severity: "FATAL", code }),
  ]);
  await using next = await gateway.connect();
  expect(next.processId).toBeGreaterThan(0);
});

test("a client that says nothing is cut off after the authentication timeout", async () => {
  await using gateway = await startGateway({
    settings: { limits: { authentication_timeout: "1s" } },
  });
  const socket = connect(gateway.port, "127.0.0.1");

  const [closedWithError] = await once(socket.resume(), "close");

  expect(closedWithError).toBe(false);
});

test("a client that does not finish its login hears so after the authentication timeout", async () => {
  await using gateway = await startGateway({
    settings: { limits: { authentication_timeout: "1s" } },
  });
  await using client = await WireClient.open(gateway.port);

  client.send(startup({ user: "ana", database: "test" }));

  expect((await client.untilEnd()).at(-1)).toMatchObject({
    severity: "FATAL",
    code: "57014",
    message: "canceling authentication due to timeout",
  });
});

test("a request for encryption comes once, unless the other was refused in between", async () => {
  await using gateway = await startGateway({ settings: { tls: { mode: "disable" } } });
  await using client = await WireClient.open(gateway.port);
  client.send(sslRequest());
  expect(await client.byte()).toBe("N");

  client.send(sslRequest());

  expect(await client.untilEnd()).toMatchObject([
    {
      code: "0A000",
      message: "unsupported frontend protocol 1234.5679: server supports 3.0 to 3.2",
    },
  ]);
});

test("a message that is larger than allowed ends the session and nothing else", async () => {
  await using gateway = await startGateway({ settings: { limits: { message_size: "64KB" } } });
  await using other = await gateway.connect();
  await using client = await gateway.connect();

  client.send(Buffer.from([0x51, 0x7f, 0xff, 0xff, 0xff]));

  expect(await client.untilEnd()).toMatchObject([
    { type: "ErrorResponse", severity: "FATAL", code: "54000" },
  ]);
  other.send(query("SHOW client_encoding"));
  expect((await other.untilReady())[1]).toEqual({ type: "DataRow", values: ["UTF8"] });
});

test("too many connections are refused with the setting that limits them", async () => {
  await using gateway = await startGateway({ workspace: { limits: { connections: 1 } } });
  await using first = await gateway.connect();
  await using second = await WireClient.open(gateway.port);

  const refused = (await second.authenticate(USER)).at(-1);

  expect(first.processId).toBeGreaterThan(0);
  expect(refused).toMatchObject({
    code: "53300",
    message: 'too many connections for database "test"',
  });
});

test("guesses sent at once are looked at no more often than one by one, the right one included", async () => {
  await using guarded = await startGateway();
  const guesses = [...Array.from({ length: 7 }, () => "wrong"), USER.password];
  const clients = await Promise.all(guesses.map(() => WireClient.open(guarded.port)));

  const lasts = await Promise.all(
    clients.map(async (client, index) => {
      await using _ = client;
      return (await client.authenticate({ ...USER, password: guesses[index] ?? "" })).at(-1);
    }),
  );

  const codes = lasts.map((last) => last?.["code"]);
  expect(codes.filter((code) => code === "28P01")).toHaveLength(6);
  expect(codes.filter((code) => code === "28000")).toHaveLength(2);
  expect(lasts.at(-1)).toMatchObject({
    message: 'too many failed logins for user "ana" from this address',
  });
});
