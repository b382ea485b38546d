/** What the report page is made of: collected by `collect-report.ts`, read by the page. Times are UTC, as the store writes them. */

/** A column of text, by its distinct values; -1 is null. */
interface TextColumn {
  texts: string[];
  codes: number[];
}

/** A column of numbers; booleans are 0 and 1. */
interface NumberColumn {
  numbers: (number | null)[];
}

/** A query's rows, column by column: several times smaller than an object per row. */
export interface ColumnarTable {
  rows: number;
  columns: Record<string, TextColumn | NumberColumn>;
}

/** A part of the page, and the query that its figures come from; `missing` says why it has none. */
export interface QueriedTable extends ColumnarTable {
  sql: string;
  missing: string | null;
}

/** A figure as dbt's YAML defines it. */
export interface Definition {
  /** As people call it. */
  name: string;
  description: string;
  unit: string;
  /** `<schema>.<relation>.<column>` */
  source: string;
  /** The two sums that it divides. */
  ratioOf?: [string, string];
  /** The ratios that it multiplies. */
  productOf?: string[];
  /** The sum that makes a product 0 while it is 0. */
  zeroWithout?: string;
}

/** An open incident. */
export interface ReportIncident {
  check: string;
  table: string;
  severity: string;
  state: string;
  since: string;
  /** What the last look found. */
  found: string;
  url: string | null;
}

/** The names of the queries behind the page. */
export type TableName =
  | 'shifts'
  | 'delays'
  | 'equipment'
  | 'sites'
  | 'plantDays'
  | 'orderStates'
  | 'openOrders'
  | 'loaded'
  | 'rejects'
  | 'publications'
  | 'loads'
  | 'checks'
  | 'models';

/** Everything that the page shows. */
export interface ReportData {
  publication: {
    number: number;
    /** The one that readers saw when the page was written. */
    head: number | null;
    publishedAt: string;
    codeVersion: string;
    loadId: string;
    workflowId: string;
    runId: string;
    models: number | null;
    tests: number | null;
    warnings: number | null;
  };
  writtenAt: string;
  /** Base address and namespace of Temporal's Web UI; null when nothing says where that is. */
  webUi: { url: string; namespace: string } | null;
  incidents: { asked: true; open: ReportIncident[] } | { asked: false; reason: string };
  definitions: Record<string, Definition>;
  tables: Record<TableName, QueriedTable>;
}
