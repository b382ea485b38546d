import pc from 'picocolors';

/** How the demonstration speaks: headings of its acts, and what happens between them; times since its start. */
export function formatPlainly(): { act: (title: string) => void; say: (line: string) => void } {
  const startedAt = Date.now();
  const clock = () => {
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    return `${String(Math.floor(seconds / 60))}:${String(seconds % 60).padStart(2, '0')}`;
  };
  return {
    act: (title) => console.log(`\n${pc.bold(`══ ${title}`)}  ${pc.dim(clock())}`),
    say: (line) => console.log(`${pc.dim(clock())}  ${line}`),
  };
}
