import type { NativeConnection } from '@temporalio/worker';
import { ConfigurationError } from '../contracts/errors';
import { SEARCH_ATTRIBUTES } from '../contracts/search-attributes';

/** Numbers of the API's IndexedValueType. */
const INDEXED_VALUE_TYPE = { Keyword: 2, Int: 3 } as const;
/** A server that does not let this worker ask or add, such as Temporal Cloud's: gRPC's PERMISSION_DENIED and UNIMPLEMENTED. */
const MAY_NOT = [7, 12];

/**
 * Adds the search attributes that a namespace lacks: one that an earlier version made does not know the newer ones, and no workflow
 * that sets them could go on. Where a worker may not do that, `mfg doctor` says what is missing.
 *
 * @throws ConfigurationError when one is there with another type.
 */
export async function addMissingSearchAttributes(connection: NativeConnection, namespace: string): Promise<void> {
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    const wanted = Object.entries(SEARCH_ATTRIBUTES).map(
      ([name, type]) => [name, INDEXED_VALUE_TYPE[type], type] as const,
    );
    const wrong = wanted.find(
      ([name, number]) => ![undefined, null, number].includes(customAttributes?.[name] as never),
    );
    if (wrong !== undefined) {
      throw new ConfigurationError(
        `the search attribute ${wrong[0]} of namespace '${namespace}' is not of type ${wrong[2]}: remove it there, or use another namespace.`,
      );
    }
    const missing = wanted.filter(([name]) => customAttributes?.[name] === undefined);
    if (missing.length === 0) return;
    const searchAttributes = Object.fromEntries(missing.map(([name, number]) => [name, number]));
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (error) {
    if (!MAY_NOT.includes(Number((error as { code?: unknown }).code))) throw error;
  }
}
