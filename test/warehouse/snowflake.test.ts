import { startPeer, type Peer } from '../support/snowflake-peer';
import { onPeer } from '../support/snowflake-under-test';
import { arrivalContract } from './arrival-contract';
import { warehouseContract } from './contract';
import { diffContract } from './diff-contract';
import { publicationsContract } from './publications-contract';

let peer: Peer;
beforeAll(async () => {
  peer = await startPeer();
});

const make = onPeer(() => peer);
warehouseContract('Snowflake peer', make);
publicationsContract('Snowflake peer', make);
diffContract('Snowflake peer', make);
arrivalContract('Snowflake peer', make);
