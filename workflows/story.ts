import {
  getCurrentDetails,
  patched,
  setCurrentDetails,
  upsertMemo,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { DataQualityResult } from '../contracts/quality';
import type { BatchResult, BuildSummary, CandidateResult, RunIdentity, RunProgress } from '../contracts/run';
import { STAGE } from './identity';

/** What people read of a run in the Web UI while it runs and after: its current details, in Markdown, and where it is. */

/** Marks runs that began with code that tells its stages: the histories of earlier ones have none of these steps. */
const STAGES = 'stages';
/** Tables in the memo: it is read with every list of runs. */
const TABLES_IN_MEMO = 50;

/** Rows of one table, summed over its batches. */
interface TableRows {
  partitions: number;
  rows: number;
  rejected: number;
}

/** A run's story so far; each change is shown at once. */
export interface RunStory {
  /** Where the run is, also as the search attribute MfgStage. */
  stage(stage: RunProgress['stage'], note?: string): void;
  /** What has come of a batch. */
  loaded(batch: BatchResult): void;
  /** All that is loaded is known: from here on the memo `tables` has its rows by table. */
  remember(): void;
  built(candidate: CandidateResult): void;
  checked(quality: DataQualityResult): void;
  /** How it ended, in a sentence. */
  ended(sentence: string): void;
}

/**
 * Tells the story of a run from here on.
 *
 * @param shown called with each stage, for whoever asks the run itself.
 */
export function tellStory(run: RunIdentity, shown: (stage: RunProgress['stage']) => void = () => undefined): RunStory {
  const tables = new Map<string, TableRows>();
  let headline = '**discovering**';
  let candidate: CandidateResult | undefined;
  let quality: DataQualityResult | undefined;
  let last: RunProgress['stage'] | undefined;
  const show = () => {
    const parts = [headline, rawTable(tables), candidate && layerTable(candidate), quality && checksTable(quality)];
    setCurrentDetails([...parts.filter(Boolean), `LOAD_ID \`${run.loadId}\``].join('\n\n'));
  };
  show();
  return {
    stage(stage, note) {
      shown(stage);
      headline = `**${stage}**${note === undefined ? '' : `: ${note}`}`;
      if (stage !== last && patched(STAGES)) upsertSearchAttributes([{ key: STAGE, value: stage }]);
      last = stage;
      show();
    },
    loaded({ tables: [table, ...others], partitions, rowsLoaded, rowsRejected }) {
      // A batch holds one table; batches of earlier versions may hold several.
      const name = table === undefined ? 'nothing' : others.length > 0 ? `${table} and others` : table;
      const before = tables.get(name) ?? { partitions: 0, rows: 0, rejected: 0 };
      tables.set(name, {
        partitions: before.partitions + partitions,
        rows: before.rows + rowsLoaded,
        rejected: before.rejected + rowsRejected,
      });
      show();
    },
    remember() {
      if (!patched(STAGES)) return;
      const rows = [...tables].sort().map(([name, { rows, rejected }]) => [name, { rows, rejected }] as const);
      upsertMemo({ tables: Object.fromEntries(rows.slice(0, TABLES_IN_MEMO)) });
    },
    built(result) {
      candidate = result;
      show();
    },
    checked(result) {
      quality = result;
      show();
    },
    ended(sentence) {
      headline = `**${sentence}**`;
      show();
    },
  };
}

/** Puts a failure's sentence above what was told so far. */
export function tellFailure(sentence: string): void {
  setCurrentDetails([`**Failed:** ${plain(sentence)}`, getCurrentDetails()].filter(Boolean).join('\n\n'));
}

/** What a run built, in a few words. */
export function buildWords({ models, tests, warnings }: Pick<BuildSummary, 'models' | 'tests' | 'warnings'>): string {
  return `${models} models, ${tests} tests, ${warnings} warnings`;
}

function rawTable(tables: Map<string, TableRows>): string | undefined {
  if (tables.size === 0) return undefined;
  const rows = [...tables].sort().map(([name, { partitions, rows, rejected }]) => [name, partitions, rows, rejected]);
  return markdownTable(['RAW', 'partitions', 'rows', 'rejected'], rows);
}

function layerTable({ layers = [], ...candidate }: CandidateResult): string {
  const words = `Candidate ${candidate.publication}: ${buildWords(candidate)} in ${candidate.seconds.toFixed(1)} s`;
  if (layers.length === 0) return words;
  const rows = layers.map(({ layer, models, tests, warnings, failures }) => [
    ...[layer.toUpperCase(), models, tests, warnings, failures],
  ]);
  return `${words}\n\n${markdownTable(['layer', 'models', 'tests', 'warnings', 'failures'], rows)}`;
}

const FINDINGS_SHOWN = 5;

function checksTable({ checks, passed, warned, failed, findings }: DataQualityResult): string {
  const words = `Quality: ${checks} checks, ${passed} passed, ${warned} warned, ${failed} failed`;
  if (findings.length === 0) return words;
  const rows = findings
    .slice(0, FINDINGS_SHOWN)
    .map(({ status, check, table, observed, expected }) => [status, check, table, `${observed} (${expected})`]);
  return `${words}\n\n${markdownTable(['status', 'check', 'table', 'found (expected)'], rows)}`;
}

/** Numbers stand at the right. The Web UI puts nothing between two columns: blanks that it keeps do. */
function markdownTable(columns: string[], rows: (string | number)[][]): string {
  const gap = '\u00a0\u00a0';
  const isNumber = columns.map((_, index) => typeof rows[0]?.[index] === 'number');
  const line = (cells: (string | number)[]) =>
    `| ${cells.map((cell, index) => (index === 0 ? '' : gap) + (typeof cell === 'number' ? grouped(cell) : plain(cell))).join(' | ')} |`;
  return [
    line(columns),
    `|${isNumber.map((right) => (right ? ' ---: ' : ' --- ')).join('|')}|`,
    ...rows.map(line),
  ].join('\n');
}

/** `1,234` */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Text from data in Markdown: on one line, without a meaning of its own. */
function plain(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*[\]<>|#~]/g, '\\$&')
    .slice(0, 500);
}
