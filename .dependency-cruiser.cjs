/**
 * Dependencies point one way: client, workers → activities → ingestion, transform, warehouse, quality → contracts,
 * duckdb. The workflows know only each other, Temporal and types.
 */
const ours =
  '^(activities|bench|client|contracts|data|demo|duckdb|incidents|ingestion|onboarding|quality|report|scripts|test|transform|warehouse|workers|workflows)/';
const domain = '^(ingestion|transform|warehouse|quality|incidents|report)/';
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: ours, pathNot: [from, ...allowed] },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '/dist/|^mfg-data-platform/client$' },
    },
    {
      name: 'declared-packages',
      comment:
        'What runs must be a dependency (the page is bundled with what it needs), not a development dependency or something that happens to be installed.',
      severity: 'error',
      from: { pathNot: '^(test|scripts|data/simulator|report/page)/|[.](config|cjs)' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: '^(bench|demo|scripts|data|test)/|^[^/]+$|[.]d[.]ts$' },
      to: {},
    },
    only('contracts-know-nothing', '^contracts/', [], 'Contracts are what all others agree on.'),
    only('duckdb-knows-contracts', '^duckdb/', ['^contracts/'], 'The owner of connections knows no domain.'),
    only('ingestion-knows-contracts', '^ingestion/', ['^contracts/', '^duckdb/', '^warehouse/warehouse[.]ts$']),
    only('onboarding-reads-like-the-loader', '^onboarding/', ['^contracts/', '^duckdb/', '^ingestion/']),
    only('transform-knows-contracts', '^transform/', ['^contracts/', '^duckdb/', '^warehouse/warehouse[.]ts$']),
    only('warehouse-knows-contracts', '^warehouse/', ['^contracts/', '^duckdb/']),
    only('quality-knows-contracts', '^quality/', ['^contracts/', '^duckdb/', '^warehouse/warehouse[.]ts$']),
    only('report-knows-contracts', '^report/', ['^contracts/', '^warehouse/warehouse[.]ts$']),
    only('incidents-know-contracts', '^incidents/', ['^contracts/'], 'They know Temporal and receivers, no data.'),
    only('activities-know-the-domain', '^activities/', [domain, '^contracts/', '^duckdb/']),
    only('workflows-know-types', '^workflows/', ['^contracts/', '^activities/'], 'Types only: the next rule.'),
    {
      name: 'workflows-import-types-only',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { path: '^(contracts|activities)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'nothing-imports-entry-points',
      comment: 'The client and the workers stand on top.',
      severity: 'error',
      from: { pathNot: '^(bench|client|demo|workers|test|data)/' },
      to: { path: '^(client|workers)/' },
    },
    {
      name: 'client-package-is-light',
      comment:
        'What client/index.ts reaches is packed for other services: no worker, no warehouse, no settings of ours.',
      severity: 'error',
      from: { path: '^client/index[.]ts$' },
      to: {
        path: '^(activities|duckdb|incidents|ingestion|onboarding|quality|transform|warehouse|workers|workflows)/|^client/(cli|doctor)/|^contracts/config[.]ts$',
        reachable: true,
      },
    },
    {
      name: 'adapters-behind-the-interface',
      comment: 'Only what composes the platform names a warehouse.',
      severity: 'error',
      from: { pathNot: '^(bench|warehouse|workers|client|test)/' },
      to: { path: '^warehouse/(duckdb|snowflake)/' },
    },
    {
      name: 'not-to-tests',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^test/' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|dist[.]next|[.]mfg|dbt|docs)/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  },
};
