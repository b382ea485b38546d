import { InvalidArgumentError } from 'commander';
import type { z } from 'zod';
import type { OnUnchanged } from '../../contracts/workflow-inputs';

/**
 * Parses an option's text by the schema of the field that it becomes.
 *
 * @param must what it must be, when the schema does not say it well.
 * @throws InvalidArgumentError (wrong usage).
 */
export function as<T>(schema: z.ZodType<T>, must?: string): (text: string) => Exclude<T, undefined> {
  return (text) => {
    const parsed = schema.safeParse(text);
    if (parsed.success) return parsed.data as Exclude<T, undefined>;
    throw new InvalidArgumentError(`It ${must ?? parsed.error.issues[0]?.message}.`);
  };
}

/** As `as`, for an option that may be given more than once or with several values. */
export function asEach<T>(schema: z.ZodType<T>): (text: string, earlier: T[] | undefined) => T[] {
  const parse = as(schema);
  return (text, earlier = []) => [...earlier, parse(text)];
}

/** Why somebody does something to the publication log: it is kept. @throws InvalidArgumentError (wrong usage). */
export function asReason(text: string): string {
  const reason = text.trim();
  if (reason === '') throw new InvalidArgumentError('It must say why.');
  if (reason.length > LONGEST_REASON) {
    throw new InvalidArgumentError(`It must be ${LONGEST_REASON} characters at the most.`);
  }
  return reason;
}

const LONGEST_REASON = 500;

/** @throws InvalidArgumentError (wrong usage). */
export function asPublication(text: string): number {
  if (!/^[1-9]\d{0,15}$/.test(text)) throw new InvalidArgumentError('It must be a publication number, such as 3.');
  return Number(text);
}

/** The input's field of `--reuse` and `--no-reuse`; without either the configuration says. */
export function onUnchangedOf({ reuse }: { reuse?: boolean }): { onUnchanged?: OnUnchanged } {
  return reuse === undefined ? {} : { onUnchanged: reuse ? 'reuse' : 'load' };
}

/** Parses a number's text by the schema of the field that it becomes. @throws InvalidArgumentError (wrong usage). */
export function asNumber(schema: z.ZodType<number>): (text: string) => number {
  return (text) => {
    const parsed = schema.safeParse(/^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN);
    if (parsed.success) return parsed.data;
    throw new InvalidArgumentError(`It must be a number in bounds: ${parsed.error.issues[0]?.message}.`);
  };
}
