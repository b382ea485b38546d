import { PassThrough } from 'node:stream';
import { askOnInterrupt } from '../../client/cli/interrupt-question';

/** Asks somebody who types; `\u0003` is Ctrl-C, as a terminal in raw mode passes it on. */
async function ask(typed: string[], { staysUp = true, isTTY = true, until = new AbortController().signal } = {}) {
  const input = Object.assign(new PassThrough(), { isTTY, setRawMode: () => undefined });
  const output = Object.assign(new PassThrough(), { isTTY, columns: 80 });
  const asked = askOnInterrupt(staysUp, until, { input, output });
  for (const text of typed) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    input.write(text);
  }
  return { answer: await asked, said: String(output.read() ?? '') };
}

describe('Ctrl-C on a terminal', () => {
  it.each([
    ['c\r', 'cancel'],
    ['Cancel\r', 'cancel'],
    ['l\r', 'leave'],
    ['\u0003', 'leave'],
    ['\u0004', 'leave'],
  ])('%j is %s', async (typed, answer) => {
    expect((await ask([typed])).answer).toBe(answer);
  });

  it('asks again until it is answered, and says what leaving means', async () => {
    const { answer, said } = await ask(['what?\r', '\r', 'c\r'], { staysUp: false });
    expect(answer).toBe('cancel');
    expect(said.match(/\[c\]ancel it, or \[l\]eave it \(it goes on when a platform is up again\)\?/g)).toHaveLength(3);
  });

  it('takes the question away when the run has ended', async () => {
    const ended = new AbortController();
    setTimeout(() => ended.abort(), 30);
    expect((await ask([], { until: ended.signal })).answer).toBe('leave');
  });
});

it('without a terminal nobody is asked: a run is left where its platform stays up, else cancelled', async () => {
  expect(await ask([], { isTTY: false })).toEqual({ answer: 'leave', said: '' });
  expect(await ask([], { isTTY: false, staysUp: false })).toEqual({ answer: 'cancel', said: '' });
});
