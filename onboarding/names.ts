/** Words that neither warehouse takes for a bare column or table name: DuckDB's and Snowflake's reserved ones. */
const RESERVED = new Set(
  `account all alter analyse analyze and anti any array as asc asof asymmetric at authorization between binary both by case cast check
  collate collation column concurrently connect connection constraint create cross current current_date current_time
  current_timestamp current_user database default deferrable delete desc describe distinct do drop else end except exists false fetch
  following for foreign freeze from full glob grant group gscluster having ilike in increment initially inner insert intersect into
  is isnull issue join lambda lateral leading left like limit localtime localtimestamp map minus natural not notnull null of offset on
  only or order organization outer overlaps pivot pivot_longer pivot_wider placing positional primary qualify references regexp
  returning revoke right rlike row rows sample schema select semi set show similar some start summarize symmetric table tablesample
  then to trailing trigger true try_cast union unique unpack unpivot update using values variadic verbose view when whenever where
  window with`.split(/\s+/),
);

/** What the staging macros add to a table's own columns. */
const STAGING_COLUMNS = new Set(
  `merged_row_count has_conflicting_duplicates superseded_row_count is_superseded uncastable_cell_count snapshot_at known_at clean
  source renamed`.split(/\s+/),
);

/** Relations of schema RAW that are the platform's own. */
const RAW_RELATIONS =
  /^(raw_load_audit|raw_rejected_rows|raw_publication|raw_published_load|dbt_run_audit|data_quality_audit|current_load|current_publication|schema_drift_event)$/;

/** Contracts allow 63; a table's views add `_history` to its name. */
const MAX_LENGTH = 50;

/** Letters whose plain spelling is more than one letter, as their languages spell them. */
const SPELLED: Record<string, string> = {
  ä: 'ae',
  ö: 'oe',
  ü: 'ue',
  ß: 'ss',
  æ: 'ae',
  ø: 'oe',
  å: 'aa',
  œ: 'oe',
  ł: 'l',
};
const SIGNS: Record<string, string> = {
  '%': ' pct ',
  '€': ' eur ',
  $: ' usd ',
  '#': ' no ',
  '°': ' deg ',
  µ: 'u',
  '&': ' and ',
};

/** A name as lower-case letters, digits and underscores that starts with a letter; empty when nothing is left of it. */
export function plainName(text: string): string {
  const spaced = text
    .normalize('NFC')
    // OrderId → Order Id
    .replace(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .replace(/[äöüßæøåœł]/g, (letter) => SPELLED[letter] ?? letter)
    .replace(/[%€$#°µ&]/g, (sign) => SIGNS[sign] ?? sign);
  const plain = spaced
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  return plain === '' || /^[a-z]/.test(plain)
    ? plain.slice(0, MAX_LENGTH).replace(/_+$/, '')
    : `n_${plain}`.slice(0, MAX_LENGTH);
}

/**
 * Names for a table's columns, one per header cell: safe as unquoted identifiers on both warehouses and different from each
 * other. A name that is one already stays as it is but for its case.
 */
export function columnNames(header: readonly string[]): string[] {
  const taken = new Set(header.map((cell) => cell.toLowerCase()).filter(isSafeColumn));
  return header.map((cell, index) => {
    const lower = cell.toLowerCase();
    if (isSafeColumn(lower)) return lower;
    const plain = plainName(cell) || `column_${index + 1}`;
    const name = firstFree(isSafeColumn(plain) ? plain : `${plain}_field`, (candidate) => taken.has(candidate));
    taken.add(name);
    return name;
  });
}

/** A name for a table that no other table of RAW has, nor any of its views. */
export function tableName(stem: string, system: string, taken: ReadonlySet<string>): string {
  const isTaken = (name: string) =>
    RESERVED.has(name) ||
    RAW_RELATIONS.test(name) ||
    [name, `${name}_history`, `${name}_run`, name.replace(/_(history|run)$/, '')].some((used) => taken.has(used));
  const plain = plainName(stem) || 'table_1';
  if (!isTaken(plain)) return plain;
  return firstFree(`${system}_${plain}`.slice(0, MAX_LENGTH).replace(/_+$/, ''), isTaken);
}

function isSafeColumn(name: string): boolean {
  return /^[a-z][a-z0-9_]{0,62}$/.test(name) && !RESERVED.has(name) && !STAGING_COLUMNS.has(name);
}

function firstFree(name: string, isTaken: (name: string) => boolean): string {
  if (!isTaken(name)) return name;
  for (let n = 2; ; n++) if (!isTaken(`${name}_${n}`)) return `${name}_${n}`;
}
