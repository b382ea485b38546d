/** The kinds of test, each a folder under test/ and a project of its own: `npm test -- --selectProjects unit`. */
const KINDS = ['unit', 'warehouse', 'model', 'replay', 'workflows', 'dbt', 'e2e', 'browser', 'chaos'];

module.exports = {
  maxWorkers: 2,
  projects: KINDS.map((kind) => ({
    displayName: kind,
    testEnvironment: 'node',
    testMatch: [`<rootDir>/test/${kind}/**/*.test.ts`],
    setupFilesAfterEnv: ['<rootDir>/test/support/time-limit.ts'],
    modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/dist.next/', '<rootDir>/.mfg/'],
    transform: {
      '\\.ts$': [
        '@swc/jest',
        {
          jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
          module: { type: 'commonjs' },
          sourceMaps: 'inline',
        },
      ],
    },
  })),
};
