import type { SchemaDrift } from './schema-drift';

/**
 * Failures that no retry can mend. The worker's activity interceptor turns each into a non-retryable Temporal failure
 * whose type is the class name, so that a user meets one sentence instead of retries that cannot succeed.
 */
export class TerminalError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A variable of the environment or `.env` is missing or wrong. */
export class ConfigurationError extends TerminalError {}

/** The embedded Temporal platform cannot be started or used as it stands. */
export class PlatformError extends TerminalError {}

/** The configured Temporal server cannot be reached, or no worker polls it. */
export class TemporalUnreachableError extends TerminalError {}

/** A workflow's or command's input does not satisfy its schema, or names a table, system or date that does not exist. */
export class InvalidInputError extends TerminalError {}

/** A dbt sources file (the contract of the source tables) is not valid. */
export class ContractError extends TerminalError {}

/** A logical date was delivered without a table that its contract requires, or without its done marker. */
export class MissingDeliveryError extends TerminalError {}

/** A delivered file does not come to rest, although it was waited for. */
export class DeliveryUnfinishedError extends TerminalError {}

/** A delivered file's columns are not those of its contract, and its drift policy is to fail. */
export class SchemaDriftError extends TerminalError {
  constructor(
    message: string,
    /** All that was found in the file, for the audit. */
    readonly drift: SchemaDrift[] = [],
  ) {
    super(message);
  }
}

/** A delivered file's header breaks the contract. */
export class HeaderMismatchError extends SchemaDriftError {}

/** More of a delivery's records were rejected than its table allows: nothing of it is loaded. */
export class TooManyRejectedError extends TerminalError {}

/** A delivered file cannot be read as the CSV that its contract describes. */
export class UnreadableFileError extends TerminalError {}

/** A file's bytes, or its contract, are not those that the run's manifest recorded: start a new run. */
export class SourceChangedError extends TerminalError {}

/** The store does not know a run that is under way: its state folder was removed or exchanged. */
export class ManifestMissingError extends TerminalError {}

/** Records in the file, rows accepted and records rejected do not add up: nothing is sealed. */
export class ReconciliationError extends TerminalError {}

/** A gate (dbt test or load check) failed: the candidate is held back, readers keep what they had. */
export class GateFailedError extends TerminalError {}

/** An export could not be written: a full disk, a relation that cannot be computed. */
export class ExportFailedError extends TerminalError {}

/** The warehouse refuses something, and no retry will change that. */
export class WarehouseError extends TerminalError {
  constructor(
    message: string,
    /** The warehouse's own code for it. */
    readonly code: string,
    /** The warehouse's own words, for whoever wrote the statement. */
    readonly said?: string,
  ) {
    super(message);
  }
}

/** The warehouse refuses the login, or the network it comes from. */
export class WarehouseLoginError extends WarehouseError {}

/** A role lacks a right, or an object that set-up makes is not there: the warehouse says the same to both. */
export class WarehouseAccessError extends WarehouseError {}

/** The warehouse's quota is used up, or the account is suspended. */
export class WarehouseQuotaError extends WarehouseError {}

/** The warehouse cannot execute a statement as it stands, or not within its time. */
export class WarehouseStatementError extends WarehouseError {}
