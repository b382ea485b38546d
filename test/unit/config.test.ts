import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'dotenv';
import { configSchema, loadConfig, PROJECT_ROOT } from '../../contracts/config';
import { ConfigurationError } from '../../contracts/errors';
import { snowflakeSchema } from '../../contracts/snowflake-settings';

/** Names each variable, so that a developer's own `.env` does not decide what is tested. */
const defaults = parse(readFileSync(path.join(PROJECT_ROOT, '.env.example')));

describe('configuration', () => {
  it('.env.example lists exactly the variables that are read, with values that are valid', () => {
    const read = [...Object.keys(configSchema.shape), ...Object.keys(snowflakeSchema.shape)];
    expect(Object.keys(defaults).sort()).toEqual(read.sort());
    expect(() => loadConfig(defaults)).not.toThrow();
  });

  it('.env.example shows the defaults', () => {
    const example = Object.fromEntries(Object.entries(defaults).filter(([, value]) => value));
    for (const schema of [configSchema, snowflakeSchema]) expect(schema.parse(example)).toEqual(schema.parse({}));
  });

  it('resolves folders against the project, not the working folder', () => {
    const config = loadConfig({ ...defaults, MFG_STATE_DIR: 'some/state', MFG_SOURCE_DIR: '/exports' });
    expect(config.stateDir).toBe(path.join(PROJECT_ROOT, 'some/state'));
    expect(config.sourceDir).toBe('/exports');
  });

  it('takes an empty variable for one that is not set', () => {
    expect(loadConfig({ ...defaults, MFG_THREADS: ' ' }).threads).toBe(2);
  });

  it.each([
    ['MFG_THREADS', 'many', 'must be a whole number'],
    ['MFG_THREADS', '0', '>=1'],
    ['MFG_PARALLEL_LOADS', '65', '<=64'],
    ['MFG_TEMPORAL_PORT', '80', '>=1024'],
    ['MFG_TEMPORAL_UI_PORT', '99999', '<=65535'],
    ['MFG_TEMPORAL_UI_URL', 'ui.example', 'URL'],
  ])('names %s when it is %s', (name, value, must) => {
    const load = () => loadConfig({ ...defaults, [name]: value });
    expect(load).toThrow(ConfigurationError);
    expect(load).toThrow(new RegExp(`^${name} is '${value}', which is not valid \\(.*${must}.*\\): correct it`));
  });

  it.each([
    ['MFG_ALERT_SLACK_URL', 'hooks.example/secret'],
    ['MFG_ALERT_WEBHOOK_URL', 'ftp://hooks.example/secret'],
    ['MFG_ALERT_WEBHOOK_URL', 'https://ann:secret@hooks.example/'],
    ['MFG_ALERT_WEBHOOK_TOKEN', 'secret token'],
    ['MFG_DEADMAN_URL', 'file:///secret'],
  ])('names %s when it is wrong, without its value', (name, value) => {
    const load = () => loadConfig({ ...defaults, [name]: value });
    expect(load).toThrow(new RegExp(`^${name} is not valid \\(must be [^:]+\\): correct it`));
    expect(load).not.toThrow(/secret/);
  });
});
