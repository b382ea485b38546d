import { CHECK_DEFAULTS } from '../contracts/quality-rules';
import type { SourceSystem } from '../contracts/source-contract';
import { judgeFreshness } from './freshness';
import { outcomeOf, type CheckedOutcome } from './outcome';
import type { PublicationFacts } from './publication-facts';
import { missedBySystem, missedFinding } from './table-checks';

/**
 * What is checked of a source system as a whole: days on which nothing of it came, and how old the publication is.
 *
 * @param publishedAt undefined when it is not asked: of a past publication, or for a time before it.
 */
export function checkSystem(
  system: SourceSystem,
  facts: PublicationFacts,
  asOf: Date,
  publishedAt: Date | undefined,
): CheckedOutcome[] {
  const { calendar, publicationOverdue: overdue, timeZone } = system;
  const table = `(${system.name})`;
  const startedAt = new Date();
  const missed = missedFinding(missedBySystem(facts, system, asOf), system.name);
  const ofDays = { check: 'missed_delivery', table, level: CHECK_DEFAULTS.missed_delivery, rule: calendar };
  const outcomes = [outcomeOf(ofDays, missed, startedAt)];
  if (overdue === undefined || publishedAt === undefined || publishedAt > asOf) return outcomes;
  const limits = overdue.severity === 'error' ? { error_after: overdue.after } : { warn_after: overdue.after };
  const finding = judgeFreshness({ limits, newest: publishedAt, asOf, calendar, zone: timeZone, days: 'delivery' });
  const level = { severity: overdue.severity, gate: false };
  const declared = { check: 'publication_overdue', table, level, rule: { overdue, calendar } };
  return [...outcomes, outcomeOf(declared, finding, startedAt)];
}
