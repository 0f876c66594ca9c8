/**
 * What Suricata's `stats` records say of the sensor itself (suricata.io: "Eve JSON Format", stats): that
 * it runs, since when, and which rules it has loaded. Its name is in `host` where `sensor-name` is set.
 */
import type { Sink } from '../format.ts';
import { isJsonObject, type JsonObject, textOf, wholeNumber } from './payload-keys.ts';
import { parseIsoTime } from './syslog-time.ts';

/**
 * Adds the sensor's report to the agents, if the event is a `stats` record with a time. An extra row: the
 * record itself is an event.
 */
export function addSensorReport(event: unknown, lineNumber: number, sink: Sink): void {
  if (!isJsonObject(event) || event.event_type !== 'stats' || !isJsonObject(event.stats)) return;
  const { stats } = event;
  const at = typeof event.timestamp === 'string' ? parseIsoTime(event.timestamp) : undefined;
  if (at === undefined) return;
  const uptime = wholeNumber(stats.uptime, 10 ** 10);
  const engines = enginesOf(stats);
  sink.add(
    'ips_agent',
    {
      product: 'suricata',
      format: 'suricata_eve',
      host_name: textOf(event.host),
      agent_status: 'active',
      ips_mode: isInline(stats) ? 'prevent' : undefined,
      rule_count: sumOf(engines, 'rules_loaded'),
      failed_rule_count: sumOf(engines, 'rules_failed'),
      has_agent: true,
      started_at: uptime === undefined ? undefined : at - BigInt(uptime) * 1_000_000n,
      last_contact_at: at,
      // Every tenant has an engine of its own; the oldest rules are those to worry about.
      rules_updated_at: oldestReload(engines),
      reported_at: at,
      time_source: 'record',
      line_number: lineNumber,
    },
    true,
  );
}

function enginesOf(stats: JsonObject): JsonObject[] {
  const detect = isJsonObject(stats.detect) ? stats.detect : {};
  return Array.isArray(detect.engines) ? detect.engines.filter(isJsonObject) : [];
}

function sumOf(engines: readonly JsonObject[], key: string): number | undefined {
  const counts = engines
    .map((engine) => wholeNumber(engine[key], 10 ** 9))
    .filter((count) => count !== undefined);
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0);
}

function oldestReload(engines: readonly JsonObject[]): bigint | undefined {
  let oldest: bigint | undefined;
  for (const engine of engines) {
    const at = parseIsoTime(textOf(engine.last_reload) ?? '');
    if (at !== undefined && (oldest === undefined || at < oldest)) oldest = at;
  }
  return oldest;
}

/** Only a sensor in the path of the traffic counts packets that it accepted or stopped. */
function isInline(stats: JsonObject): boolean {
  const counters = isJsonObject(stats.ips) ? stats.ips : {};
  return ['accepted', 'blocked', 'rejected', 'replaced'].some(
    (name) => (wholeNumber(counters[name], Number.MAX_SAFE_INTEGER) ?? 0) > 0,
  );
}
