const WIDTH = 30;

/** Shows how far something has come, in one line of a terminal; nothing where there is none. */
export interface ProgressBar {
  /** @param share 0 to 1. */
  show: (share: number) => void;
  clear: () => void;
}

export function progressBar(stream: NodeJS.WriteStream): ProgressBar {
  if (!stream.isTTY) return { show: () => undefined, clear: () => undefined };
  let shown = -1;
  return {
    show: (share) => {
      const percent = Math.floor(share * 100);
      if (percent === shown) return;
      shown = percent;
      const full = Math.round(share * WIDTH);
      stream.write(`\r[${'#'.repeat(full)}${' '.repeat(WIDTH - full)}] ${String(percent).padStart(3)} %`);
    },
    clear: () => stream.write(`\r${' '.repeat(WIDTH + 10)}\r`),
  };
}
