import eslint from '@eslint/js';
import { builtinModules } from 'node:module';
import tseslint from 'typescript-eslint';

const NODE_GLOBALS = [
  'AbortController',
  'URL',
  'clearInterval',
  'clearTimeout',
  'console',
  'process',
  'setInterval',
  'setTimeout',
];

export default tseslint.config(
  { ignores: ['dist/', 'dist.next/', 'node_modules/', '.mfg/'] },
  {
    linterOptions: { reportUnusedDisableDirectives: 'error', noInlineConfig: true },
  },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.json', './report/page/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      eqeqeq: 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // A database's row holds values of many types; their text is what is asked for.
      '@typescript-eslint/no-base-to-string': 'off',
      // Activities and adapters implement asynchronous interfaces, some with nothing to wait for.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    // Workflow code is replayed: it must not reach time, files, the network or any state of a process.
    files: ['workflows/**/*.ts'],
    rules: {
      'no-restricted-imports': 'off',
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: [...builtinModules, ...builtinModules.map((name) => `node:${name}`)].map((name) => ({
            name,
            message: 'Workflow code must be deterministic: do this in an activity.',
          })),
          patterns: [
            {
              regex: '^(?!@temporalio/(workflow|common)$)(?!\\./)',
              allowTypeImports: true,
              message:
                'A workflow imports values only from @temporalio/workflow, @temporalio/common and sibling files.',
            },
          ],
        },
      ],
      'no-restricted-globals': ['error', 'process', 'require', 'fetch', 'performance', '__dirname', '__filename'],
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: { globals: Object.fromEntries(NODE_GLOBALS.map((name) => [name, 'readonly'])) },
  },
  {
    files: ['**/*.{js,cjs}'],
    languageOptions: { sourceType: 'commonjs', globals: { module: 'writable', require: 'readonly' } },
  },
  {
    // An old Node must be able to read these as far as the sentence that names the version that is needed.
    files: ['bin/*.mjs', 'scripts/{node-version,set-up,set-up-lock,run-child,run,setup,test,check}.mjs'],
    languageOptions: { ecmaVersion: 2020 },
    rules: {
      'no-restricted-syntax': ['error', 'ChainExpression', "LogicalExpression[operator='??']"],
      'no-unused-vars': ['error', { caughtErrors: 'none' }],
    },
  },
);
