import { sentenceOf } from '../../client/cli/failures';
import { TerminalError } from '../../contracts/errors';
import { bindStatement } from '../../warehouse/snowflake/binds';
import { snowflakeCode, snowflakeError, SnowflakeUnavailableError } from '../../warehouse/snowflake/errors';
import { snowflakeString } from '../../warehouse/snowflake/sql-text';

describe('Snowflake binds', () => {
  it('follow the order of use, whatever the numbers', () => {
    expect(bindStatement('f($2, $1, $2)', ['a', 1])).toEqual({ sqlText: 'f(?, ?, ?)', binds: [1, 'a', 1] });
  });

  it.each([`'$2'`, `'it''s $2'`, `'a\\' $2'`, `"$2"`, `-- $2`, `/* $2 */`, `$$ $2 $$`])('leave %s alone', (text) => {
    expect(bindStatement(`$1 ${text}`, [1]).sqlText).toBe(`? ${text}`);
  });

  it('leave a statement without values as it is', () => {
    expect(bindStatement('SELECT $1:"a" FROM @s', [])).toEqual({ sqlText: 'SELECT $1:"a" FROM @s' });
  });

  it('carry large numbers as text, and nothing that is no number', () => {
    expect(bindStatement('$1, $2', [12345678901234567890n, 5n]).binds).toEqual(['12345678901234567890', 5]);
    expect(() => bindStatement('$1', [Number.NaN])).toThrow('cannot be bound');
  });

  it('refuse values and parameters that do not match', () => {
    expect(() => bindStatement('$1, $2', [1])).toThrow('parameter $2 of 1 has no value');
    expect(() => bindStatement('$1', [1, 2])).toThrow('2 values for 1 parameters');
  });
});

describe('Snowflake literals', () => {
  it('escape quotes and backslashes', () => {
    expect(snowflakeString(`it's \\`)).toBe(`'it''s \\\\'`);
    expect(() => snowflakeString('\0')).toThrow('NUL');
  });
});

describe('Snowflake error codes', () => {
  it.each([
    ['390100', 'WarehouseLoginError'],
    ['390144', 'WarehouseLoginError'],
    ['390189', 'WarehouseLoginError'],
    ['390318', 'WarehouseLoginError'],
    ['390420', 'WarehouseLoginError'],
    ['390422', 'WarehouseLoginError'],
    ['404005', 'WarehouseLoginError'],
    ['002003', 'WarehouseAccessError'],
    ['002043', 'WarehouseAccessError'],
    ['003001', 'WarehouseAccessError'],
    ['000606', 'WarehouseAccessError'],
    ['090105', 'WarehouseAccessError'],
    ['090073', 'WarehouseQuotaError'],
    ['000666', 'WarehouseQuotaError'],
    ['001003', 'WarehouseStatementError'],
    ['002002', 'WarehouseStatementError'],
    ['000630', 'WarehouseStatementError'],
    ['409008', 'WarehouseStatementError'],
  ])('%s stops the run: %s', (code, name) => {
    const error = snowflakeError('A statement', { code, message: 'what it said.' });
    expect(error).toBeInstanceOf(TerminalError);
    expect(error).toMatchObject({ name, code });
    expect(error.message).toMatch(new RegExp(`^A statement failed \\(${code}: what it said\\), since [^.]+`));
  });

  it.each([
    '390104',
    '390111',
    '390112',
    '390114',
    '401001',
    '407002',
    '000604',
    '000605',
    '000625',
    '000626',
    '000603',
  ])('%s is retried', (code) => {
    expect(snowflakeError('A statement', { code, message: 'x' })).toBeInstanceOf(SnowflakeUnavailableError);
  });

  it.each([
    [503, 'SnowflakeUnavailableError'],
    [429, 'SnowflakeUnavailableError'],
    [undefined, 'SnowflakeUnavailableError'],
    [403, 'WarehouseLoginError'],
    [404, 'WarehouseLoginError'],
  ])('an answer with HTTP status %s is a %s', (statusCode, name) => {
    expect(snowflakeError('The login', { code: 401002, message: 'x', response: { statusCode } })).toMatchObject({
      name,
    });
  });

  it.each([
    ['22018', 'WarehouseStatementError'],
    ['42601', 'WarehouseStatementError'],
    ['0A000', 'WarehouseStatementError'],
    ['57014', 'SnowflakeUnavailableError'],
    [undefined, 'SnowflakeUnavailableError'],
  ])('an unknown code is decided by its SQL state %s: %s', (sqlState, name) => {
    expect(snowflakeError('A statement', { code: '123456', sqlState, message: 'x' })).toMatchObject({ name });
  });

  it('of what passes are a sentence on the command line, with what to do', () => {
    const lost = new SnowflakeUnavailableError('The login to Snowflake as t failed (401001: ECONNREFUSED).', '401001');
    expect(sentenceOf(lost, {})).toBe(
      'The login to Snowflake as t failed (401001: ECONNREFUSED): try it again; `npx mfg doctor` says what is wrong if that goes on.',
    );
  });

  it('reads the code whether text or number, and nothing but code and message', () => {
    const raw = {
      code: 2003,
      message: 'Object\n does not exist.',
      response: { body: 'secret' },
      cause: { token: 'secret' },
    };
    const error = snowflakeError('A statement', raw);
    expect(snowflakeCode(error)).toBe('002003');
    expect(JSON.stringify([error, error.message, error.cause])).not.toContain('secret');
    expect(snowflakeCode(new Error('of another kind'))).toBeUndefined();
    expect(snowflakeError('A statement', error)).toBe(error);
  });
});
