import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadSnowflakeNames, snowflakeSchema } from '../../contracts/snowflake-settings';
import { accountSetup } from '../../warehouse/snowflake/account-setup';
import { readPublicKey } from '../../warehouse/snowflake/public-key';
import { mfg } from '../support/command-line';
import { scratchDir } from '../support/scratch';
import { writeKeyPair } from '../support/snowflake-settings';

const none = Object.fromEntries(Object.keys(snowflakeSchema.shape).map((name) => [name, '']));
const names = loadSnowflakeNames(none);

describe('set-up of a Snowflake account', () => {
  const statements = accountSetup({ names, creditQuota: 50 }).flatMap((section) => section.statements);

  it('may be repeated: nothing is replaced, dropped or made where it is', () => {
    for (const statement of statements) {
      expect(statement).not.toMatch(/OR REPLACE|\bDROP\b|REVOKE|OWNERSHIP/);
      if (/^CREATE/.test(statement)) expect(statement).toMatch(/IF NOT EXISTS/);
    }
  });

  it('grants no administrator role and no right on the account but CREATE DATABASE', () => {
    const grants = statements.filter((statement) => statement.startsWith('GRANT'));
    expect(grants.filter((grant) => / ON ACCOUNT /.test(grant))).toEqual([
      'GRANT CREATE DATABASE ON ACCOUNT TO ROLE MFG_PLATFORM',
    ]);
    expect(grants.filter((grant) => /GRANT (ROLE (ACCOUNT|SECURITY|SYS|USER)ADMIN|ALL|MANAGE)\b/.test(grant))).toEqual(
      [],
    );
    // Readers get reading, and of one database each.
    const reading = grants.filter((grant) => / TO ROLE MFG_(DATA|STORE)_READ$/.test(grant));
    expect(reading.every((grant) => /^GRANT (USAGE|SELECT) ON /.test(grant))).toBe(true);
  });

  it('makes a service user without a password', () => {
    const user = statements.find((statement) => statement.startsWith('CREATE USER')) ?? '';
    expect(user).toMatch(/TYPE = SERVICE/);
    expect(statements.join('\n')).not.toMatch(/PASSWORD/);
  });

  it('names one virtual warehouse once when it serves all uses', () => {
    const one = { ...names, warehouses: { load: 'W', transform: 'W', read: 'W' } };
    const monitored = accountSetup({ names: one, creditQuota: 1 }).flatMap((section) => section.statements);
    expect(monitored.filter((statement) => statement.startsWith('ALTER WAREHOUSE'))).toHaveLength(1);
  });
});

describe('mfg warehouse setup', () => {
  it('prints a script in sections for the roles that run them', async () => {
    const { publicKey } = writeKeyPair();
    const { code, out } = await mfg('warehouse', 'setup', '--print', '--public-key', publicKey, '--credit-quota', '7');
    expect(code).toBe(0);
    expect(out).toMatch(/^-- Roles: .*\nUSE ROLE USERADMIN;\nCREATE ROLE IF NOT EXISTS /);
    expect(out).toContain(`SET RSA_PUBLIC_KEY = '${readPublicKey(publicKey)}';`);
    expect(out).toContain('CREDIT_QUOTA = 7 ');
  });

  it.each<[string, string[], RegExp]>([
    ['neither --print nor --apply', [], /^Say --print/],
    ['both', ['--print', '--apply'], /cannot be used with option '--apply'/],
    ['a quota of nothing', ['--print', '--credit-quota', '0'], /must be a number in bounds/],
    [
      'a private key',
      ['--print', '--public-key', writeKeyPair().privateKey],
      /it is a private key; give the public one/,
    ],
    ['a short key', ['--print', '--public-key', writeKeyPair({ bits: 1024 }).publicKey], /at least 2048 bits/],
    ['no key', ['--print', '--public-key', noKey()], /no public key in PEM form/],
    ['a missing key', ['--print', '--public-key', '/nowhere'], /cannot be read \(ENOENT\)/],
  ])('refuses %s', async (_, args, message) => {
    const { code, out, err } = await mfg('warehouse', 'setup', ...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(message);
  });
});

function noKey(): string {
  const file = path.join(scratchDir(), 'key.pub');
  writeFileSync(file, 'ssh-rsa AAAA\n');
  return file;
}
