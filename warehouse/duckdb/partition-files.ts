import { link, mkdir, open, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { PlacedPartition, StagedFiles } from '../warehouse';
import type { Layout } from './layout';

/**
 * Moves staged files to their final names: durable, and never over an existing file. Every attempt has a number of its own,
 * so that a name that is taken means a fault, not a retry.
 */
export async function placeFiles(layout: Layout, table: string, loadSeq: bigint, staged: StagedFiles): Promise<void> {
  const target = layout.partition(table, loadSeq);
  await mkdir(path.dirname(target), { recursive: true });
  if (staged.rows !== undefined) await placeFile(staged.rows, target);
  if (staged.rejects !== undefined) await placeFile(staged.rejects, layout.rejects(table, loadSeq));
  await syncToDisk(path.dirname(target));
}

async function placeFile(from: string, to: string): Promise<void> {
  await syncToDisk(from);
  await link(from, to);
  await rm(from);
}

async function syncToDisk(fileOrFolder: string): Promise<void> {
  const descriptor = await open(fileOrFolder, 'r');
  try {
    await descriptor.sync();
  } finally {
    await descriptor.close();
  }
}

/** A file that was lost between placing and sealing must stop the seal, not the readers later. @throws Error naming it. */
export async function requireFiles(layout: Layout, placed: PlacedPartition[]): Promise<void> {
  await Promise.all(placed.map(({ table, loadSeq }) => stat(layout.partition(table.name, loadSeq))));
}
