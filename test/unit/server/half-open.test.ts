import { expect, test } from "vitest";
import { type HalfOpenConnection, HalfOpenConnections } from "../../../src/server/half-open.ts";

test("one too many closes the oldest of the address that has the most", () => {
  const { dropped, connect } = connections();
  const held = new HalfOpenConnections(4);

  held.put(connect("a1", "10.0.0.1"), "silent");
  for (const name of ["b1", "b2", "b3"]) held.put(connect(name, "10.0.0.2"), "silent");
  held.put(connect("c1", "10.0.0.3"), "silent");
  held.put(connect("c2", "10.0.0.3"), "silent");

  expect(dropped).toEqual(["b1", "b2"]);
  expect(held.size).toBe(4);
});

test("a login of the same address outlives a flood of connections that say nothing", () => {
  const { dropped, connect } = connections();
  const held = new HalfOpenConnections(10);
  const login = connect("login", "10.0.0.1");

  held.put(login, "silent");
  held.put(login, "logging in");
  for (let index = 0; index < 1_000; index += 1) {
    held.put(connect(`flood ${index}`, "10.0.0.1"), "silent");
  }

  expect(dropped).not.toContain("login");
  expect(dropped).toHaveLength(991);
});

test("a login that is new is not the first to go where all others have got as far", () => {
  const { dropped, connect } = connections();
  const held = new HalfOpenConnections(10);

  for (let index = 0; index < 10; index += 1) {
    held.put(connect(`flood ${index}`, "10.0.0.1"), "logging in");
  }
  held.put(connect("login", "10.0.0.1"), "silent");

  expect(dropped).toEqual(["flood 0"]);
});

test("connections that have a session or are closed take no room", () => {
  const { dropped, connect } = connections();
  const held = new HalfOpenConnections(2);

  for (let index = 0; index < 10; index += 1) {
    const one = connect(String(index), "10.0.0.1");
    held.put(one, "silent");
    held.remove(one);
  }

  expect(dropped).toEqual([]);
  expect(held.size).toBe(0);
});

test("the addresses of one IPv6 network count as one", () => {
  const { dropped, connect } = connections();
  const held = new HalfOpenConnections(3);

  held.put(connect("other", "2001:db8:0:1::1"), "silent");
  for (const end of ["1", "2:3", "ffff:1:2:3"]) {
    held.put(connect(end, `2001:db8::${end}`), "silent");
  }

  expect(dropped).toEqual(["1"]);
});

function connections(): {
  readonly dropped: string[];
  readonly connect: (name: string, remoteAddress: string) => HalfOpenConnection;
} {
  const dropped: string[] = [];
  return {
    dropped,
    connect: (name, remoteAddress) => ({ remoteAddress, drop: () => void dropped.push(name) }),
  };
}
