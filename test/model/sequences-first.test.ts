import { testSequences } from './sequences-suite';

testSequences(0);
