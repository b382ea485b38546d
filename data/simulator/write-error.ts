const ADVICE: Record<string, string> = {
  ENOSPC: 'the disk is full: make room, or choose another folder with --out',
  EDQUOT: 'the quota is used up: make room, or choose another folder with --out',
  EACCES: 'it must not be written: give yourself the right to, or choose another folder with --out',
  EPERM: 'it must not be written: give yourself the right to, or choose another folder with --out',
  EROFS: 'the file system is read-only: choose another folder with --out',
  ENOTDIR: 'a part of its path is a file: choose another folder with --out',
  EEXIST: 'a file stands where a folder must be: choose another folder with --out',
  EISDIR: 'a folder stands where the file must be: remove it, or choose another folder with --out',
  EFBIG: 'the file would be larger than may be: simulate fewer days, or choose --layout dated or --gzip',
  EMFILE: 'too many files are open: raise the limit of open files',
  ENAMETOOLONG: 'its path is too long: choose a shorter one with --out',
};

/** The disk refused a file of the export. The message is one sentence that names it and what to do. */
export class WriteError extends Error {
  constructor(file: string, cause: unknown) {
    const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? '';
    const reason = ADVICE[code] ?? (cause instanceof Error ? cause.message : String(cause));
    super(`The export could not be written: ${file}: ${reason}.`, { cause });
    this.name = 'WriteError';
  }
}
