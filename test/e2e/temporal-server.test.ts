import { loadConfig } from '../../contracts/config';
import { startTemporalServer } from '../../workers/temporal-server';
import { scratchDir } from '../support/scratch';

describe('the embedded Temporal server', () => {
  it('of each of several copies that start at the same moment listens on ports of its own', async () => {
    const configs = [1, 2, 3, 4].map(() => loadConfig({ MFG_STATE_DIR: scratchDir() }));
    const servers = await Promise.all(configs.map((config) => startTemporalServer(config)));
    try {
      expect(new Set(servers.map((server) => server.address)).size).toBe(4);
      expect(new Set(servers.map((server) => server.uiUrl)).size).toBe(4);
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  });
});
