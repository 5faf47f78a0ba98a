import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { query, startup } from "../support/frontend.ts";
import { startGateway, USER } from "../support/gateway.ts";

test("a client that sends its startup packet byte by byte has authentication_timeout for it", async () => {
  await using gateway = await startGateway({
    settings: { limits: { authentication_timeout: "1s" } },
  });
  const socket = connect({ port: gateway.port, host: "127.0.0.1" });
  const bytes = startup({ user: USER.user, database: USER.database });
  const startedAt = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    if (sent < bytes.length - 1) socket.write(bytes.subarray(sent, (sent += 1)));
  }, 50);
  socket.on("error", () => undefined);
  socket.resume();

  await once(socket, "close");
  clearInterval(timer);

  expect(sent).toBeLessThan(bytes.length - 1);
  expect(performance.now() - startedAt).toBeGreaterThan(900);
});

test("half a message does not keep a session from being idle", async () => {
  await using gateway = await startGateway();
  await using client = await gateway.connect({ options: "-c idle_session_timeout=500" });

  client.send(query("SELECT 1").subarray(0, 8));

  expect(await client.untilEnd()).toMatchObject([{ type: "ErrorResponse", code: "57P05" }]);
});

test("half a message does not keep a transaction from being idle", async () => {
  await using gateway = await startGateway();
  await using client = await gateway.connect({
    options: "-c idle_in_transaction_session_timeout=500",
  });
  client.send(query("BEGIN"));
  await client.untilReady();

  client.send(query("COMMIT").subarray(0, 8));

  expect(await client.untilEnd()).toMatchObject([{ type: "ErrorResponse", code: "25P03" }]);
});
