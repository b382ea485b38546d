import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';

/**
 * Keeps two set-ups of one clone apart. The lock is a file that names its holder and the programs that it runs; it is
 * stale when all are gone: an interrupted set-up never has to be cleaned up by hand, and a program that outlives a
 * killed set-up is waited for.
 */
export async function withLock(file, onWait, work) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  await acquire(file, onWait);
  const write = (children) => {
    const next = `${file}.${process.pid}`;
    fs.writeFileSync(next, describe(children));
    fs.renameSync(next, file);
  };
  const release = () => fs.rmSync(file, { force: true });
  process.once('exit', release);
  try {
    return await work(write);
  } finally {
    process.removeListener('exit', release);
    release();
  }
}

async function acquire(file, onWait) {
  for (let told = false; ;) {
    try {
      fs.writeFileSync(file, describe([]), { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = read(file);
    if (holder.alive) {
      if (!told && holder.pid) onWait(holder.pid);
      told = told || Boolean(holder.pid);
      await new Promise((resolve) => setTimeout(resolve, 200));
    } else {
      takeAway(file, holder.text);
    }
  }
}

/** Moves a stale lock aside; puts it back when another process was faster and what was moved is its new lock. */
function takeAway(file, staleText) {
  const aside = `${file}.stale-${process.pid}`;
  try {
    fs.renameSync(file, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (fs.readFileSync(aside, 'utf8') === staleText) fs.rmSync(aside);
  else fs.renameSync(aside, file);
}

function read(file) {
  let text;
  let writtenAt;
  try {
    text = fs.readFileSync(file, 'utf8');
    writtenAt = fs.statSync(file).mtimeMs;
  } catch (error) {
    return { alive: true, text: '' };
  }
  try {
    const owner = JSON.parse(text);
    const processes = [owner, ...owner.children];
    const holder = processes.find(isAlive);
    return { alive: Boolean(holder), pid: holder && holder.pid, text };
  } catch (error) {
    // Created a moment ago and not yet filled.
    return { alive: Date.now() - writtenAt < 5000, text };
  }
}

function describe(childPids) {
  const identify = (pid) => ({ pid, startedAt: startOf(pid) });
  return JSON.stringify({ ...identify(process.pid), children: childPids.map(identify) });
}

function isAlive({ pid, startedAt }) {
  return startedAt !== null && startOf(pid) === startedAt;
}

/** When a process started, as text that no later process with the same number has; null when none runs. */
function startOf(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z'
      ? null
      : `${fields[19]}@${fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`;
  } catch (error) {
    if (fs.existsSync('/proc/self/stat')) return null;
  }
  const ps = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' });
  const line = (ps.stdout || '').trim();
  return line === '' || line.startsWith('Z') ? null : line.replace(/^\S+\s+/, '');
}
