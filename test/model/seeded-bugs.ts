import type { Edit } from './platform';

/** A defect that somebody could write into the product: the sequences must find it. */
export interface SeededBug {
  name: string;
  /** A seed whose sequences meet it soon, where the usual one's do not. */
  seed?: number;
  /**
   * The sequence of its seed at which `npm test` begins to look: where it was caught when this was written, since the ones before take
   * time and find nothing. `npm run model -- --bugs` begins at the first.
   */
  from?: number;
  /** Takes many more sequences than `npm test` has time for: looked for by `npm run model -- --bugs` only. */
  isRare?: true;
  edits: Edit[];
  /** Whether only sequences that read the delivered files can find it. */
  isInStaging?: boolean;
}

const DATA_SETS = 'warehouse/store/data-sets.ts';
const LEDGER = 'warehouse/store/ledger.ts';
const PEOPLE = 'warehouse/store/people.ts';
const PUBLICATIONS = 'warehouse/store/publication-log.ts';
const WITHDRAWN = 'warehouse/store/withdrawn.ts';

export const SEEDED_BUGS: readonly SeededBug[] = [
  {
    name: 'no compare and swap: a candidate is published whatever the head is',
    edits: [
      {
        file: PUBLICATIONS,
        find: 'if ((head?.publication ?? null) !== (row?.base === null ? null : Number(row?.base))) {',
        replace: 'if (Number.isNaN(head?.publication)) {',
      },
    ],
  },
  {
    name: 'no seal check: an attempt that was swept seals all the same',
    from: 11,
    edits: [{ file: LEDGER, find: "if (row.status !== 'STARTED') {", replace: "if (row.status === 'NEVER') {" }],
  },
  {
    name: 'no seal check: a second attempt seals what the first has sealed',
    from: 31,
    edits: [{ file: LEDGER, find: 'if (other !== undefined) {', replace: 'if (other === null) {' }],
  },
  {
    name: 'latest by load time: the load that is built last wins its date',
    edits: [
      {
        file: DATA_SETS,
        find: 'base.load_seq is null or mine.started_at > b.started_at',
        replace: 'base.load_seq is null or mine.load_seq <> base.load_seq or mine.started_at > b.started_at',
      },
    ],
  },
  {
    name: 'latest by load time: the view shows the newest partition, not the newest date',
    from: 44,
    edits: [
      {
        file: 'warehouse/duckdb/raw-views.ts',
        find: '[...current].sort((a, b) => (a.logicalDate < b.logicalDate ? -1 : 1))',
        replace: '[...current].sort((a, b) => Number(a.loadSeq) - Number(b.loadSeq))',
      },
    ],
  },
  {
    name: 'base forgotten on rollback: publishing compares data sets, not entries',
    edits: [
      {
        file: PUBLICATIONS,
        find: 'if ((head?.publication ?? null) !== (row?.base',
        replace: 'if ((head?.dataSet ?? null) !== (row?.base',
      },
      {
        file: PUBLICATIONS,
        find: "'select status, base from raw.raw_publication where publication = $1'",
        replace: `\`select p.status, b.data_set as base from raw.raw_publication as p
          left join raw.raw_publication as b on b.publication = p.base where p.publication = $1\``,
      },
    ],
  },
  {
    name: 'base forgotten on rollback: approving compares data sets, not entries',
    seed: 99,
    edits: [
      {
        file: PEOPLE,
        find: 'if ((head?.publication ?? null) !== base) {',
        replace: `const [on] = await db.rows('select data_set from raw.raw_publication where publication = $1', [base]);
          if ((head?.dataSet ?? null) !== (on === undefined ? null : Number(on.data_set))) {`,
      },
    ],
  },
  {
    name: 'withdrawn forgotten: what a rollback took away is loaded again',
    edits: [
      {
        file: WITHDRAWN,
        find: 'where kept.load_seq is null`',
        replace: 'where false`',
      },
    ],
  },
  {
    name: 'withdrawn for ever: what is published again stays withdrawn',
    edits: [
      {
        file: WITHDRAWN,
        find: 'delete from withdrawn_delivery where table_name ||',
        replace: 'delete from withdrawn_delivery where false and table_name ||',
      },
    ],
  },
  {
    name: 'a load that a gate holds is seen: RAW.<TABLE>_RUN shows held candidates',
    from: 7,
    edits: [
      {
        file: DATA_SETS,
        find: "from raw.raw_publication where status = 'PUBLISHED'",
        replace: "from raw.raw_publication where status in ('PUBLISHED', 'HELD')",
      },
    ],
  },
  {
    name: 'a held candidate is published',
    isRare: true,
    edits: [
      {
        file: PUBLICATIONS,
        find: "if (status !== 'BUILT' && status !== 'PUBLISHED') {",
        replace: "if (status === 'BUILDING') {",
      },
    ],
  },
  {
    name: 'the link does not follow the head',
    edits: [
      {
        file: 'warehouse/duckdb/store.ts',
        find: 'if (current === target) return;',
        replace: 'if (current !== undefined) return;',
      },
    ],
  },
  {
    name: 'retention drops what is pinned',
    isRare: true,
    edits: [
      {
        file: 'warehouse/store/retention-marks.ts',
        find: 'or publication in ${inNumbers(await pinnedPublications(db))}',
        replace: '',
      },
    ],
  },
  {
    name: 'retention takes what a kept data set shows',
    edits: [
      {
        file: 'warehouse/store/retention-marks.ts',
        find: '.filter((loadSeq) => !needed.has(loadSeq))',
        replace: '',
      },
    ],
  },
  {
    name: 'truncate_reload keeps the other dates',
    from: 39,
    edits: [
      {
        file: DATA_SETS,
        find: 'base.table_name in ${inTexts(part.replacedTables)}',
        replace: 'base.table_name in (null)',
      },
    ],
  },
  {
    name: 'a backfill takes the dates that it must leave out',
    edits: [
      {
        file: DATA_SETS,
        find: ' and p.logical_date::varchar not in ${inTexts(part.withoutDates)}',
        replace: '',
      },
    ],
  },
  {
    name: 'promise 4: rejected records vanish, and nobody counts',
    from: 7,
    isInStaging: true,
    edits: [
      {
        file: 'ingestion/stage.ts',
        find: 'if (rejected > 0) await keepRejects(',
        replace: 'if (rejected < 0) await keepRejects(',
      },
      {
        file: 'ingestion/stage.ts',
        find: 'if (rejected > 0 || surplus.length > 0) {',
        replace: 'if (surplus.length < 0) {',
      },
      {
        file: 'ingestion/stage.ts',
        find: 'if (rowsRead !== rowsAccepted + rowsRejected) {',
        replace: 'if (rowsRead < rowsAccepted) {',
      },
    ],
  },
];
