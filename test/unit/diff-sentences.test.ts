import { changeText, diffSentences } from '../../client/cli/diff-sentences';
import { describedRelations } from '../../contracts/dbt-artifacts';
import type { DataSetDiff } from '../../warehouse/warehouse';
import { SMALL_MANIFEST } from '../support/small-manifest';

describe('a difference in words', () => {
  it.each([
    [0.61, 0.64, '61 → 64 %'],
    [0.6104, 0.6109, '61.0 → 61.1 %'],
    [null, 0.5, 'none → 50 %'],
    [0.5, null, '50 → none %'],
    [0.5, 0.5, '50.000000 → 50.000000 %'],
  ])('%p → %p: %s', (before, after, text) => {
    expect(changeText({ before, after, kpi: { name: 'OEE', isHeadline: true } })).toBe(text);
  });

  const side = { publication: 1, dataSet: 1, codeVersion: 'a', projectDigest: 'x' };
  const nothing: DataSetDiff = {
    ...{ before: side, after: { ...side, publication: 2, dataSet: 2 }, partitions: [], relations: [] },
  };
  it('says why nothing differs, and names many loads by their number', () => {
    expect(diffSentences(nothing)).toEqual(['No row differs: the same loads and the same dbt project.']);
    const edited = { ...nothing, after: { ...nothing.after, projectDigest: 'y' } };
    expect(diffSentences(edited)).toEqual(['No row differs: another dbt project.']);
    const partitions = ['a', 'b', 'c', 'd', 'e'].map((loadId) => ({
      ...{ table: 't', logicalDate: '2026-03-01', change: 'ADDED' as const, loadId, files: [] },
    }));
    expect(diffSentences({ ...nothing, partitions })).toEqual(['No row differs: loads a, b, c and 2 more.']);
    const again = partitions.map((partition) => ({ ...partition, change: 'RELOADED' as const }));
    expect(diffSentences({ ...nothing, partitions: again })).toEqual(['No row differs: the same files, loaded again.']);
  });
});

describe('the manifest', () => {
  it('gives sources their contract’s key, models what a test over all rows says is unique', () => {
    expect(describedRelations(SMALL_MANIFEST)).toMatchObject([
      { relation: 'raw.materials', key: ['material_id'], kpis: {} },
      {
        ...{ relation: 'marts.line_kpis', key: ['line', 'production_date'] },
        kpis: { oee_index: { name: 'OEE', isHeadline: true }, scrap_ratio: { name: 'Scrap ratio', isHeadline: false } },
      },
    ]);
    expect(describedRelations('{}')).toEqual([]);
  });
});
