import { parseSourcesFile, type SourceSystem, type SourceTable } from '../../contracts/source-contract';

/** A small described system: `materials` (snapshot), `readings` (append, not required). */
export const SOURCES_YAML = `
version: 2
sources:
  - name: mes
    schema: raw
    config:
      meta:
        time_zone: Europe/Berlin
        logical_date_offset_days: 1
        csv: { delimiter: "," }
    tables:
      - name: materials
        config:
          freshness: { warn_after: { count: 2, period: day }, error_after: { count: 4, period: day } }
          meta: { mode: snapshot, key: [material_id] }
        columns:
          - { name: material_id, data_type: text }
          - { name: material_name, data_type: text }
          - { name: quantity, data_type: decimal }
      - name: readings
        config:
          meta: { mode: append, key: [reading_id], required: false }
        columns:
          - { name: reading_id, data_type: text }
          - { name: value, data_type: decimal }
`;

/** The described system, parsed anew. */
export function smallSystem(yaml = SOURCES_YAML): SourceSystem {
  return parseSourcesFile(yaml, '_mes__sources.yml', 'mes');
}

/** One table of the described system. */
export function smallTable(name: 'materials' | 'readings', yaml = SOURCES_YAML): SourceTable {
  const table = smallSystem(yaml).tables.find((candidate) => candidate.name === name);
  if (table === undefined) throw new Error(`no table ${name}`);
  return table;
}
