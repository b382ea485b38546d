/** Each kind of test has its own time limit per test: what takes longer is a defect, of the test or of what it tests. */
const TIME_LIMITS_S: Record<string, number> = {
  unit: 10,
  warehouse: 20,
  replay: 20,
  workflows: 30,
  dbt: 300,
  e2e: 120,
  chaos: 300,
};

const kind = Object.keys(TIME_LIMITS_S).find((name) => expect.getState().testPath?.includes(`/test/${name}/`));
jest.setTimeout((TIME_LIMITS_S[kind ?? ''] ?? 5) * 1000);
