import type { SessionContext } from "./context.ts";
import type { VisibleSession } from "./session-registry.ts";

/** What the shadow's live-catalog.ts makes views and functions of. */

/** What it can be told once, and stays as it is until a setting changes. */
export function sessionFacts({ activity, parameters, serverStartedAt }: SessionContext): string {
  return JSON.stringify({
    clientAddress: activity.clientAddress,
    clientPort: activity.clientPort,
    serverStartedAt,
    settings: Object.fromEntries(parameters.changed()),
  });
}

/** What is true only now. */
export function liveFacts({ sessions, channels, statements }: SessionContext): string {
  return JSON.stringify({
    activity: sessions.inWorkspace().map(activityOf),
    channels: channels.listening,
    statements: statements.list().map(([name, { text, plan, preparedAt, isFromSql }]) => ({
      name,
      statement: text,
      preparedAt,
      parameterOids: plan?.parameterOids ?? [],
      resultOids: plan?.fields?.map(({ typeOid }) => typeOid) ?? [],
      isFromSql,
    })),
  });
}

/** Of another role's session PostgreSQL shows that it is there, and who it is. */
function activityOf({ processId, role, isOwn, activity }: VisibleSession) {
  const { applicationName } = activity;
  if (!isOwn) return { processId, role, isOwn, applicationName, query: "<insufficient privilege>" };
  const isWaiting = activity.state !== "active";
  return {
    processId,
    role,
    isOwn,
    applicationName,
    clientAddress: activity.clientAddress,
    clientPort: activity.clientPort,
    backendStart: activity.backendStart,
    transactionStart: activity.times.transaction,
    queryStart: activity.times.query,
    stateChange: activity.times.state,
    waitEventType: isWaiting ? "Client" : undefined,
    waitEvent: isWaiting ? "ClientRead" : undefined,
    state: activity.state,
    query: activity.query,
    backendType: "client backend",
    sslVersion: activity.encryption?.version,
    sslCipher: activity.encryption?.cipher,
    sslBits: activity.encryption?.bits,
  };
}
