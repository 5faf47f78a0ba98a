import { unreachable } from "../core/assert.ts";
import type { ShadowEffect } from "../shadow/shadow.ts";
import type { SessionContext } from "./context.ts";
import { setParameter } from "./set-parameter.ts";

/** What a query of the shadow has asked of the gateway, such as pg_notify() for each of its rows. */
export function carryOutEffect(context: SessionContext, effect: ShadowEffect): void {
  switch (effect.call) {
    case "cancel":
    case "terminate":
      context.sessions.signal(effect.processId, effect.call);
      return;
    case "notify":
      context.channels.notify(effect.channel, effect.payload);
      return;
    case "set_config":
      setParameter(context, { ...effect, value: effect.value ?? undefined });
      return;
    default:
      return unreachable(effect);
  }
}
