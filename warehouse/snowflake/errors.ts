import {
  TerminalError,
  WarehouseAccessError,
  WarehouseError,
  WarehouseLoginError,
  WarehouseQuotaError,
  WarehouseStatementError,
} from '../../contracts/errors';

/** A failure of the account, the network or a neighbour that passes: whoever meets it tries again. */
export class SnowflakeUnavailableError extends Error {
  constructor(
    message: string,
    /** Snowflake's code, or the driver's. */
    readonly code: string,
  ) {
    super(message);
    this.name = new.target.name;
  }
}

/** What is read of an error: never its answer, request or cause, which may hold credentials. */
interface DriverError {
  code?: unknown;
  sqlState?: unknown;
  message?: unknown;
  response?: { statusCode?: unknown; status?: unknown };
  cause?: { code?: unknown };
}

type TerminalClass = new (message: string, code: string, said: string) => WarehouseError;

/** What a code means: an error class with what to do about it, or nothing for a failure that passes. */
type Meaning = readonly [TerminalClass, string] | 'passes';

const login = (sentence: string): Meaning => [WarehouseLoginError, sentence];
const access = (sentence: string): Meaning => [WarehouseAccessError, sentence];
const statement = (sentence: string): Meaning => [WarehouseStatementError, sentence];

const SET_UP = 'run `mfg warehouse setup --apply`, or grant the role of SNOWFLAKE_ROLE what is missing';

/**
 * Snowflake's codes (six digits) and the driver's own (40…, 41…). Codes only: messages change and are translated. What is not
 * here is decided by its SQL state's class, see `meaningOf`.
 */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  // Logins that no retry makes right.
  '390100': login('the user name or password is wrong: correct SNOWFLAKE_USER and the credentials'),
  '390101': login('the user is disabled or not known: correct SNOWFLAKE_USER'),
  '390102': login('the user is locked: unlock it, then start the run again'),
  '390144': login(
    "the key does not belong to the user: register the public key (ALTER USER ... SET RSA_PUBLIC_KEY), and compare SNOWFLAKE_ACCOUNT, SNOWFLAKE_USER and the machine's clock",
  ),
  '390186': login('the role is not granted to the user: correct SNOWFLAKE_ROLE or grant it'),
  '390189': login('the role does not exist or is not granted to the user: correct SNOWFLAKE_ROLE or grant it'),
  '390195': login('the identity token is not valid: log in again'),
  '390201': login('the account does not know what the login names: correct SNOWFLAKE_ACCOUNT'),
  '390303': login('the OAuth token is not valid: put a fresh one into SNOWFLAKE_TOKEN'),
  '390318': login('the OAuth token has expired: put a fresh one into SNOWFLAKE_TOKEN'),
  '390394': login('the access token is not valid: put a fresh one into SNOWFLAKE_TOKEN'),
  '390420': login("the account's network policy does not allow this machine's address: have it allowed"),
  '390422': login("the account's network policy does not allow this machine's address: have it allowed"),
  '390432': login('a login by access token needs a network policy: set one for the user'),
  '405506': login('the driver does not know the authenticator: correct SNOWFLAKE_AUTHENTICATOR'),
  '405507': login('the authenticator is not allowed for this host: correct SNOWFLAKE_AUTHENTICATOR or SNOWFLAKE_HOST'),
  '412001': login("the host's certificate is revoked: do not send credentials there, and ask the network's owner"),

  // Sessions end; a new connection has a new one.
  '390104': 'passes',
  '390110': 'passes',
  '390111': 'passes',
  '390112': 'passes',
  '390113': 'passes',
  '390114': 'passes',
  '390115': 'passes',
  '390400': 'passes',

  // The network, and answers that did not arrive.
  '401001': 'passes',
  '401003': 'passes',
  '401004': 'passes',
  '402001': 'passes',
  '402002': 'passes',
  '405503': 'passes',
  '407001': 'passes',
  '407002': 'passes',

  // Statements that were ended, not refused: by an operator, a neighbour's lock, the service itself.
  '000603': 'passes',
  '000604': 'passes',
  // A staged file that is not there: it never arrived, whatever the driver said, and is put there again.
  '091016': 'passes',
  '000605': 'passes',
  '000625': 'passes',
  '000626': 'passes',
  '000709': 'passes',

  '000606': access(`no virtual warehouse is active: ${SET_UP}`),
  '000630': statement(
    'it took longer than its time: raise MFG_SNOWFLAKE_STATEMENT_TIMEOUT_S or use a larger virtual warehouse',
  ),
  '000666': [WarehouseQuotaError, 'the account is suspended: settle it with Snowflake'],
  '000904': statement('a column is not there: the database is not the one that this version of the platform made'),
  '001003': statement('its SQL is not valid'),
  '002002': statement('an object of that name exists already'),
  '002003': access(`an object does not exist or the role may not use it: ${SET_UP}`),
  '002043': access(`an object does not exist or the role may not use it: ${SET_UP}`),
  '003001': access(`the role lacks a right: ${SET_UP}`),
  '090073': [
    WarehouseQuotaError,
    'the resource monitor has used up its credits: raise its quota or wait for its next period',
  ],
  '090105': access(`no database is open: ${SET_UP}`),
  '090106': access(`no schema is open: ${SET_UP}`),
};

/** Classes of SQL states for which the same statement fails again: data, constraints, syntax and rights, what is not supported. */
const STATES_THAT_STAY = ['0A', '22', '23', '42'];

/** The six-digit code of a failure that `snowflakeError` made; undefined for other errors. */
export function snowflakeCode(error: unknown): string | undefined {
  const isOurs = error instanceof WarehouseError || error instanceof SnowflakeUnavailableError;
  return isOurs ? error.code : undefined;
}

/**
 * The platform's error for a failure of the driver: a terminal one with what to do, or one that is retried.
 *
 * @param what what was being done, as in "The login to Snowflake" or "A statement".
 */
export function snowflakeError(what: string, raw: unknown): Error {
  if (raw instanceof TerminalError || raw instanceof SnowflakeUnavailableError) return raw;
  const error = (typeof raw === 'object' && raw !== null ? raw : {}) as DriverError;
  const code = codeOf(error);
  const meaning = meaningOf(code, error);
  const said = String(error.message ?? 'no message')
    .replaceAll(/\s+/g, ' ')
    .replace(/[.\s]+$/, '');
  return meaning === 'passes'
    ? new SnowflakeUnavailableError(`${what} failed (${code}: ${said}).`, code)
    : new meaning[0](`${what} failed (${code}: ${said}), since ${meaning[1]}.`, code, `${code}: ${said}`);
}

/** Six digits: Snowflake's come as text, the driver's as numbers, both sometimes without their leading zeros. */
function codeOf({ code, cause }: DriverError): string {
  const value = code ?? cause?.code;
  if (typeof value === 'number' || typeof value === 'string') return String(value).padStart(6, '0');
  return 'no code';
}

function meaningOf(code: string, { sqlState, response }: DriverError): Meaning {
  const status = Number(response?.statusCode ?? response?.status);
  if (code === '401002') {
    // An account that does not exist answers 403 or 404; the service itself, when it is overloaded, 429 or 5xx.
    const isRefused = status === 403 || status === 404;
    return isRefused ? login('no such account answers: correct SNOWFLAKE_ACCOUNT or SNOWFLAKE_HOST') : 'passes';
  }
  const known = MEANINGS[code];
  if (known !== undefined) return known;
  // The driver's own checks: 404… of the login's options, 408… to 411… of a statement's.
  if (/^404\d{3}$/.test(code)) return login('its settings are not complete: check the SNOWFLAKE_ variables');
  if (/^4(08|09|10|11)\d{3}$/.test(code)) return statement('the driver refuses it as it stands');
  const stays = typeof sqlState === 'string' && STATES_THAT_STAY.includes(sqlState.slice(0, 2));
  return stays ? statement('it cannot succeed as it stands') : 'passes';
}
