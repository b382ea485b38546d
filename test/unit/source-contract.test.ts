import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DEFAULT_DRIFT_POLICY } from '../../contracts/schema-drift';
import { readSourceContracts } from '../../contracts/source-contract';
import { scratchDir } from '../support/scratch';
import { smallSystem, smallTable, SOURCES_YAML } from '../support/tables';

/** The message that a changed sources file gives. */
function refusal(from: string, to: string): string {
  expect(SOURCES_YAML).toContain(from);
  try {
    smallSystem(SOURCES_YAML.replace(from, to));
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return 'accepted';
}

describe('the contract of the source tables', () => {
  it('is read from the dbt sources file, with defaults filled in', () => {
    const system = smallSystem();
    expect(system).toMatchObject({ name: 'mes', timeZone: 'Europe/Berlin', logicalDateOffsetDays: 1 });
    expect(smallTable('materials')).toMatchObject({
      mode: 'snapshot',
      required: true,
      key: ['material_id'],
      freshness: { warn_after: { count: 2, period: 'day' }, error_after: { count: 4, period: 'day' } },
      csv: { delimiter: ',', quote: '"', encoding: 'utf-8', decimal_mark: '.', null_tokens: ['N/A', '#N/A'] },
    });
    expect(smallTable('readings')).toMatchObject({ mode: 'append', required: false, freshness: undefined });
  });

  it('has a digest that changes with what decides RAW, and with nothing else', () => {
    const digest = (from: string, to: string) => smallTable('materials', SOURCES_YAML.replace(from, to)).digest;
    const before = smallTable('materials').digest;
    expect(digest('count: 2', 'count: 3')).toBe(before);
    expect(digest('delimiter: ","', 'delimiter: ";"')).not.toBe(before);
    expect(digest('name: material_name', 'name: material_title')).not.toBe(before);
    expect(digest('mode: snapshot', 'mode: append')).not.toBe(before);
  });

  it('has a second digest that changes with all that models may read of it, such as its time zone', () => {
    const of = (yaml?: string) => smallTable('materials', yaml);
    const zone = of(SOURCES_YAML.replace('Europe/Berlin', 'UTC'));
    expect(zone.digest).toBe(of().digest);
    expect(zone.definitionDigest).not.toBe(of().definitionDigest);
    const type = of(SOURCES_YAML.replace('quantity, data_type: decimal', 'quantity, data_type: integer'));
    expect(type.definitionDigest).not.toBe(of().definitionDigest);
    const otherTable = of(SOURCES_YAML.replace('value, data_type: decimal', 'value, data_type: integer'));
    expect(otherTable.definitionDigest).toBe(of().definitionDigest);
  });

  it("keeps the system's dialect where a table overrides a part of it", () => {
    const yaml = SOURCES_YAML.replace(
      '{ delimiter: "," }',
      '{ delimiter: ";", encoding: latin-1, decimal_mark: "," }',
    ).replace(
      'meta: { mode: snapshot, key: [material_id] }',
      'meta: { mode: snapshot, key: [material_id], csv: { delimiter: "|" } }',
    );
    expect(smallTable('materials', yaml).csv).toMatchObject({ delimiter: '|', encoding: 'latin-1', decimal_mark: ',' });
    expect(smallTable('readings', yaml).csv).toMatchObject({ delimiter: ';', encoding: 'latin-1', quote: '"' });
  });

  it("takes a table's drift policy over its system's, and column aliases; both are part of the digest", () => {
    const { digest } = smallTable('materials');
    const yaml = SOURCES_YAML.replace(
      'logical_date_offset_days: 1',
      'max_rejected_ratio: 0.2\n        drift: { new_column: evolve, missing_column: evolve }',
    ).replace(
      'key: [material_id] }',
      'key: [material_id], drift: { new_column: discard_value }, min_rows_ratio: 0.9 }',
    );
    expect(smallTable('materials', yaml)).toMatchObject({
      drift: { ...DEFAULT_DRIFT_POLICY, new_column: 'discard_value', missing_column: 'evolve' },
      maxRejectedRatio: 0.2,
      minRowsRatio: 0.9,
    });
    expect(smallTable('readings', yaml)).toMatchObject({ drift: { new_column: 'evolve' }, minRowsRatio: undefined });
    expect(smallTable('materials', yaml).digest).not.toBe(digest);
    const aliased = SOURCES_YAML.replace(
      '{ name: material_name, data_type: text }',
      '{ name: material_name, data_type: text, config: { meta: { aliases: [" Bezeichnung "], owner: me } } }',
    );
    expect(smallTable('materials', aliased).columns[1]).toMatchObject({
      name: 'material_name',
      type: 'text',
      aliases: ['bezeichnung'],
    });
    expect(smallTable('materials', aliased).digest).not.toBe(digest);
    expect(
      smallTable(
        'materials',
        SOURCES_YAML.replace('key: [material_id] }', 'key: [material_id], drift: { new_column: freeze } }'),
      ).digest,
    ).toBe(digest);
  });

  it("carries a file's own names, and a column's formats over its table's", () => {
    const yaml = SOURCES_YAML.replace(
      '{ name: material_name, data_type: text }',
      '{ name: since, data_type: date, config: { meta: { source_name: "Gültig ab", csv: { date_format: "%d.%m.%Y" } } } }',
    ).replace('key: [material_id] }', 'key: [material_id], file_stem: "Stämme" }');
    const table = smallTable('materials', yaml);
    expect(table.fileStem).toBe('Stämme');
    expect(table.columns[1]).toMatchObject({
      sourceName: 'Gültig ab',
      format: { date_format: '%d.%m.%Y', decimal_mark: '.', null_tokens: ['N/A', '#N/A'] },
    });
    expect(smallTable('materials').fileStem).toBe('materials');
    const called = (name: string) => smallTable('materials', yaml.replace('Gültig ab', name)).digest;
    expect(called('Gueltig ab')).not.toBe(table.digest);
    expect(() => called('MATERIAL_ID')).toThrow(/has two columns that are called 'material_id' in its files/);
  });

  it('says when a day has arrived: until when tables are waited for, the done marker, the settling time', () => {
    expect(smallSystem()).toMatchObject({
      arrival: { doneMarker: undefined, settleSeconds: 2 },
      landing: 'in_place',
      strategy: undefined,
    });
    const yaml = SOURCES_YAML.replace(
      'csv: { delimiter: "," }',
      'arrival: { done_marker: _SUCCESS, settle_seconds: 30, wait_until: "06:30" }\n        landing: copy\n        strategy: truncate_reload',
    ).replace('required: false', 'required: false, wait_until: "22:00", complete_deliveries: true');
    expect(smallSystem(yaml)).toMatchObject({
      arrival: { doneMarker: '_SUCCESS', settleSeconds: 30 },
      landing: 'copy',
      strategy: 'truncate_reload',
    });
    expect(smallTable('materials', yaml)).toMatchObject({ waitUntil: '06:30', completeDeliveries: undefined });
    expect(smallTable('readings', yaml)).toMatchObject({ waitUntil: '22:00', completeDeliveries: true });
    expect(smallTable('readings', yaml).digest).toBe(smallTable('readings').digest);
  });

  it.each([
    ['delimiter: ","', 'delimiter: ",", thousands_mark: "."', /'\.' as both decimal_mark and thousands_mark/],
    ['delimiter: ","', 'delimiter: ",", date_format: "it\'s %d"', /csv.date_format: must be a strftime format/],
    ['delimiter: ","', 'delimiter: ",", month_names: [[jan]]', /csv.month_names/],
    ['required: false', 'wait_until: 6:30', /wait_until: .*time of day such as '06:30'/],
    ['csv: { delimiter: "," }', 'arrival: { done_marker: ../x }', /done_marker: must be a plain file name/],
    ['csv: { delimiter: "," }', 'arrival: { done_marker: all.csv }', /done_marker: must not be the name of a CSV/],
    ['csv: { delimiter: "," }', 'landing: link', /landing/],
    ['mode: snapshot', 'mode: daily', /tables.0.config.meta.mode/],
    ['key: [material_id]', 'key: []', /tables.0.config.meta.key/],
    ['key: [material_id]', 'key: [nope]', /materials has nope in its key but does not list it/],
    ['name: material_name', 'name: material_id', /materials lists column material_id twice/],
    ['name: material_name', 'name: "x; drop table"', /tables.0.columns.1.name: must be lower-case letters/],
    ['Europe/Berlin', 'Mars/Base', /time_zone: must be an IANA time zone/],
    ['delimiter: ","', 'delimiter: "||"', /csv.delimiter/],
    ['delimiter: ","', 'delimiter: "§"', /csv.delimiter: must be one ASCII character/],
    ['delimiter: ","', 'delimitr: ","', /Unrecognized key/],
    ['key: [material_id]', 'key: [material_id], drift: { new_column: ignore }', /meta.drift.new_column/],
    ['key: [material_id]', 'key: [material_id], drift: { changed_type: discard_value }', /meta.drift.changed_type/],
    ['key: [material_id]', 'key: [material_id], max_rejected_ratio: 10', /meta.max_rejected_ratio/],
    [
      'name: material_name, data_type: text',
      'name: material_name, data_type: text, config: { meta: { aliases: [Quantity] } }',
      /materials lists column quantity twice/,
    ],
    [
      'name: material_name, data_type: text',
      'name: material_name, data_type: text, config: { meta: { aliases: [x, X] } }',
      /materials lists alias x twice/,
    ],
    ['name: mes', 'name: erp', /exactly one source, named 'mes'/],
    ['name: readings', 'name: materials', /table materials is described twice/],
    ['sources:', 'sources: [', /is not valid YAML/],
  ])('refuses %s → %s in one sentence that names the file', (from, to, message) => {
    const text = refusal(from, to);
    expect(text).toMatch(message);
    expect(text).toMatch(/^ContractError: _mes__sources.yml/);
  });

  it('refuses two systems that describe one table, and a system without its file', async () => {
    const dbtDir = scratchDir();
    const describeSystem = (name: string, text: string) => {
      mkdirSync(path.join(dbtDir, 'models/staging', name), { recursive: true });
      writeFileSync(path.join(dbtDir, 'models/staging', name, `_${name}__sources.yml`), text);
    };
    await expect(readSourceContracts(dbtDir)).rejects.toThrow(/does not exist: set MFG_DBT_DIR/);
    describeSystem('mes', SOURCES_YAML);
    expect(await readSourceContracts(dbtDir)).toHaveLength(1);
    describeSystem('erp', SOURCES_YAML.replace('name: mes', 'name: erp'));
    await expect(readSourceContracts(dbtDir)).rejects.toThrow(/table materials is described by both erp and mes/);
    mkdirSync(path.join(dbtDir, 'models/staging/plm'));
    await expect(readSourceContracts(dbtDir)).rejects.toThrow(/_plm__sources.yml is missing/);
  });
});
