import { snowflakeForTests } from '../support/snowflake-under-test';
import { arrivalContract } from './arrival-contract';
import { diffContract } from './diff-contract';
import { exportsContract } from './exports-contract';
import { qualityContract } from './quality-contract';

const { name, make } = snowflakeForTests();

diffContract(name, make);
arrivalContract(name, make);
qualityContract(name, make);
exportsContract(name, make, (n) => `(select value::int as i from table(flatten(array_generate_range(0, ${n}))))`);
