import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { gssEncRequest, packet, query, sslRequest, startup } from "../support/frontend.ts";
import { startGateway, USER } from "../support/gateway.ts";
import { WireClient } from "../support/wire-client.ts";

test("requests for encryption are answered, and the same connection goes on without it", async () => {
  await using gateway = await startGateway();
  await using client = await WireClient.open(gateway.port);

  client.send(gssEncRequest());
  expect(await client.byte()).toBe("N");
  client.send(sslRequest());
  expect(await client.byte()).toBe("N");

  expect((await client.authenticate(USER)).at(-1)).toEqual({
    type: "ReadyForQuery",
    transactionStatus: "I",
  });
});

test("a login reports the server's parameters and the key that cancels", async () => {
  await using gateway = await startGateway();
  await using client = await WireClient.open(gateway.port);

  const messages = await client.authenticate({
    ...USER,
    parameters: {
      application_name: "my app",
      options: "-c TimeZone=Asia/Tokyo --statement_timeout=5s",
      surprise: "yes",
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
    DateStyle: "ISO, MDY",
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
  client.send(query("SHOW statement_timeout"));
  expect((await client.untilReady())[1]).toEqual({ type: "DataRow", values: ["5s"] });
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

test("the newest protocol versions and options are negotiated down in one message", async () => {
  await using gateway = await startGateway();
  await using client = await WireClient.open(gateway.port);

  client.send(startup({ user: "ana", database: "test", "_pq_.shiny": "1" }, 0x0003_0002));

  expect(await client.next()).toEqual({
    type: "NegotiateProtocolVersion",
    version: 0x0003_0000,
    options: ["_pq_.shiny"],
  });
  expect(await client.next()).toMatchObject({ type: "Authentication", code: 10 });
});

test.each([
  ["bytes of another protocol", Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), "08P01"],
  ["a length of 2 GB", Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 3, 0, 0]), "08P01"],
  ["a length below its own", Buffer.from([0, 0, 0, 3, 0, 3, 0, 0]), "08P01"],
  ["protocol 2.0", packet(Buffer.from([0, 2, 0, 0, 0])), "08P01"],
  ["a startup packet without a user", startup({ database: "test" }), "28000"],
  [
    "a replication connection",
    startup({ user: "ana", database: "test", replication: "true" }),
    "0A000",
  ],
])("%s: one error, and the gateway goes on", async (_what, bytes, code) => {
  await using gateway = await startGateway();
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
