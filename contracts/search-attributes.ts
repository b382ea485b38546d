/**
 * The search attributes of the platform's workflows, as `temporal server start-dev --search-attribute` and
 * `temporal operator search-attribute create` take them: name → type. A server without them cannot run the
 * workflows; a worker adds those that are missing, where it may.
 */
export const SEARCH_ATTRIBUTES = {
  /** LOAD_ID of the run. */
  MfgLoadId: 'Keyword',
  /** Logical date of the run, as yyyy-mm-dd. */
  MfgLogicalDate: 'Keyword',
  /** What the run is doing, or did last. */
  MfgStage: 'Keyword',
  /** How the run ended, in one word. */
  MfgOutcome: 'Keyword',
  /** Number of the publication that the run made or looked at. */
  MfgPublication: 'Int',
  /** Rows that the run loaded. */
  MfgRows: 'Int',
} as const;
