/**
 * Each kind of test has its own time limit per test. It ends a test that is stuck; a slow machine that does other things too
 * must not reach it, so it is many times what the slowest test of the kind takes.
 */
const TIME_LIMITS_S: Record<string, number> = {
  unit: 30,
  warehouse: 60,
  model: 600,
  replay: 60,
  workflows: 90,
  dbt: 600,
  e2e: 300,
  browser: 300,
  chaos: 600,
};

const kind = Object.keys(TIME_LIMITS_S).find((name) => expect.getState().testPath?.includes(`/test/${name}/`));
// An account answers each of some hundred statements of a test in a tenth of a second or more.
const slowness = process.env.MFG_TEST_SNOWFLAKE === 'account' ? 20 : 1;
jest.setTimeout((TIME_LIMITS_S[kind ?? ''] ?? 30) * 1000 * slowness);
