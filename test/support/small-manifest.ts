/** A manifest.json as dbt writes it, as far as the platform reads it: the source `materials`, the mart `line_kpis`. */
export const SMALL_MANIFEST = JSON.stringify({
  sources: {
    'source.mfg.mes.materials': {
      ...{ schema: 'raw', identifier: 'materials', config: { meta: { mode: 'snapshot', key: ['material_id'] } } },
    },
  },
  nodes: {
    'model.mfg.line_kpis': {
      ...{ unique_id: 'model.mfg.line_kpis', resource_type: 'model', schema: 'marts', alias: 'line_kpis', config: {} },
      columns: {
        oee_index: { name: 'oee_index', meta: { kpi: 'OEE', headline: true } },
        scrap_ratio: { name: 'scrap_ratio', meta: { kpi: 'Scrap ratio' } },
      },
    },
    ...uniqueTest('unique_combination', { columns: ['line', 'production_date'] }),
    // It says nothing of all rows.
    ...uniqueTest('unique', { column_name: 'line' }, 'shift = 1'),
  },
});

function uniqueTest(name: string, kwargs: object, where: string | null = null): object {
  const id = `test.mfg.${name}_line_kpis`;
  return {
    [id]: {
      ...{ unique_id: id, resource_type: 'test', schema: 'dbt_test__audit', alias: name, columns: {} },
      ...{ attached_node: 'model.mfg.line_kpis', test_metadata: { name, kwargs }, config: { where } },
    },
  };
}
