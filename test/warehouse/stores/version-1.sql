-- A store as version 0.1.0 of the platform left it (shape 1): two publications, a held candidate, a build and an attempt that
-- have not ended. Never edited: every later version must be able to go on with it.
create schema raw;
create sequence audit_event start 8;
create sequence load_seq start 5;
create sequence publication_number start 5;
CREATE TABLE build_artifact("publication" BIGINT, "name" VARCHAR, "content" VARCHAR);
insert into main.build_artifact values
  ('1', 'manifest.json', '{}'),
  ('2', 'manifest.json', '{}'),
  ('3', 'manifest.json', '{}');
CREATE TABLE head("publication" BIGINT);
insert into main.head values
  ('2');
CREATE TABLE raw_partition(load_seq BIGINT, load_id VARCHAR, table_name VARCHAR, logical_date DATE, status VARCHAR, attempt INTEGER, "columns" VARCHAR[], rows_read BIGINT, rows_loaded BIGINT, rows_rejected BIGINT, checksum VARCHAR, checksum_kind VARCHAR, started_at TIMESTAMP, sealed_at TIMESTAMP);
insert into main.raw_partition values
  ('1', 'run-1::r', 'materials', '2026-03-01', 'SEALED', '1', '[material_id, material_name, quantity]', '2', '1', '1', '18160443455692117132', 'duckdb-hash-sum-1', '2026-03-03 02:51:34.199', '2026-03-03 02:51:34.518'),
  ('2', 'run-2::r', 'materials', '2026-03-02', 'SEALED', '1', '[material_id, material_name, quantity]', '1', '1', '0', '7932117987702370837', 'duckdb-hash-sum-1', '2026-03-03 02:51:37.042', '2026-03-03 02:51:37.262'),
  ('3', 'run-3::r', 'materials', '2026-03-02', 'STARTED', '1', null, null, null, null, null, null, '2026-03-03 02:51:39.177', null),
  ('4', 'run-3::r', 'materials', '2026-03-02', 'SEALED', '2', '[material_id, material_name, quantity]', '1', '1', '0', '14590167363882995585', 'duckdb-hash-sum-1', '2026-03-03 02:51:39.569', '2026-03-03 02:51:40.244');
CREATE TABLE run_delivery(load_id VARCHAR, batch INTEGER, "position" INTEGER, table_name VARCHAR, logical_date DATE, source_file VARCHAR, size_bytes BIGINT, modified_at VARCHAR, sha256 VARCHAR);
insert into main.run_delivery values
  ('run-1::r', '0', '0', 'materials', '2026-03-01', 'mes/2026-03-01/materials.csv', '50', '2026-03-03T02:51:33.570Z', '5578f1992c526da4785996ca0b938a1f7054dfaf54c118be3ebe0026e64a8b80'),
  ('run-2::r', '0', '0', 'materials', '2026-03-02', 'mes/2026-03-02/materials.csv', '46', '2026-03-03T02:51:36.670Z', 'dedaf9d2a5a0087bd7958fea5e4825bb5a387f4a287ff60cf1f402338b521413'),
  ('run-3::r', '0', '0', 'materials', '2026-03-02', 'mes/2026-03-02/materials.csv', '46', '2026-03-03T02:51:36.670Z', 'dedaf9d2a5a0087bd7958fea5e4825bb5a387f4a287ff60cf1f402338b521413');
CREATE TABLE run_manifest(load_id VARCHAR, workflow_id VARCHAR, run_id VARCHAR, source_system VARCHAR, logical_date DATE, logical_date_origin VARCHAR, started_at TIMESTAMP, contract_digests JSON, code_version VARCHAR);
insert into main.run_manifest values
  ('run-1::r', 'run-1', 'r', 'mes', '2026-03-01', 'newest_delivery', '2026-03-03 02:51:33.934', '{"materials":"7e00fc7453892d18645297abf5c169969101347ec847ad6924ed11235c61666d","readings":"c602d371b96f79685793cba602a4d1f02a559061067ac69509976b458fca3a64"}', 'test'),
  ('run-2::r', 'run-2', 'r', 'mes', '2026-03-02', 'newest_delivery', '2026-03-03 02:51:36.817', '{"materials":"7e00fc7453892d18645297abf5c169969101347ec847ad6924ed11235c61666d","readings":"c602d371b96f79685793cba602a4d1f02a559061067ac69509976b458fca3a64"}', 'test'),
  ('run-3::r', 'run-3', 'r', 'mes', '2026-03-02', 'newest_delivery', '2026-03-03 02:51:38.907', '{"materials":"7e00fc7453892d18645297abf5c169969101347ec847ad6924ed11235c61666d","readings":"c602d371b96f79685793cba602a4d1f02a559061067ac69509976b458fca3a64"}', 'test');
CREATE TABLE store_version("version" INTEGER, applied_at TIMESTAMP);
insert into main.store_version values
  ('1', '2026-03-03 02:51:33.817');
CREATE TABLE raw.data_quality_audit(run_id VARCHAR, workflow_id VARCHAR, load_id VARCHAR, ordinal INTEGER, "publication" BIGINT, check_name VARCHAR, table_name VARCHAR, severity VARCHAR, status VARCHAR, observed VARCHAR, expected VARCHAR, detail VARCHAR, recorded_at TIMESTAMP);
insert into raw.data_quality_audit values
  ('r', 'run-3', 'run-3::r', '0', '2', 'row_count', 'materials', 'ERROR', 'PASS', '1', '1', '', '2026-03-03 02:51:42.872');
CREATE TABLE raw.dbt_run_audit("publication" BIGINT, node VARCHAR, resource_type VARCHAR, status VARCHAR, message VARCHAR, rows_affected BIGINT, "seconds" DOUBLE);
insert into raw.dbt_run_audit values
  ('1', 'dim_material', 'model', 'success', 'OK', '2', '0.1'),
  ('2', 'dim_material', 'model', 'success', 'OK', '2', '0.1'),
  ('3', 'dim_material', 'model', 'success', 'OK', '2', '0.1');
CREATE TABLE raw.raw_load_audit(event_id BIGINT, recorded_at TIMESTAMP, load_id VARCHAR, workflow_id VARCHAR, run_id VARCHAR, table_name VARCHAR, logical_date DATE, load_seq BIGINT, attempt INTEGER, status VARCHAR, source_files VARCHAR, fingerprint VARCHAR, size_bytes BIGINT, rows_read BIGINT, rows_loaded BIGINT, rows_rejected BIGINT, checksum VARCHAR, checksum_kind VARCHAR, "error" VARCHAR);
insert into raw.raw_load_audit values
  ('1', '2026-03-03 02:51:34.199', 'run-1::r', 'run-1', 'r', 'materials', '2026-03-01', '1', '1', 'STARTED', 'mes/2026-03-01/materials.csv', 'e18007530581e000c6e22e56ae0e5b31311ec3fe230ec5fd16ace3ffcd18acd9', '50', null, null, null, null, null, null),
  ('2', '2026-03-03 02:51:34.526', 'run-1::r', 'run-1', 'r', 'materials', '2026-03-01', '1', '1', 'LOADED', 'mes/2026-03-01/materials.csv', 'e18007530581e000c6e22e56ae0e5b31311ec3fe230ec5fd16ace3ffcd18acd9', '50', '2', '1', '1', '18160443455692117132', 'duckdb-hash-sum-1', null),
  ('3', '2026-03-03 02:51:37.042', 'run-2::r', 'run-2', 'r', 'materials', '2026-03-02', '2', '1', 'STARTED', 'mes/2026-03-02/materials.csv', '2db637c691feed2520680090031ce532da68c9b2405bea37be854c89719ba796', '46', null, null, null, null, null, null),
  ('4', '2026-03-03 02:51:37.265', 'run-2::r', 'run-2', 'r', 'materials', '2026-03-02', '2', '1', 'LOADED', 'mes/2026-03-02/materials.csv', '2db637c691feed2520680090031ce532da68c9b2405bea37be854c89719ba796', '46', '1', '1', '0', '7932117987702370837', 'duckdb-hash-sum-1', null),
  ('5', '2026-03-03 02:51:39.177', 'run-3::r', 'run-3', 'r', 'materials', '2026-03-02', '3', '1', 'STARTED', 'mes/2026-03-02/materials.csv', '2db637c691feed2520680090031ce532da68c9b2405bea37be854c89719ba796', '46', null, null, null, null, null, null),
  ('6', '2026-03-03 02:51:39.569', 'run-3::r', 'run-3', 'r', 'materials', '2026-03-02', '4', '2', 'STARTED', 'mes/2026-03-02/materials.csv', '2db637c691feed2520680090031ce532da68c9b2405bea37be854c89719ba796', '46', null, null, null, null, null, null),
  ('7', '2026-03-03 02:51:40.249', 'run-3::r', 'run-3', 'r', 'materials', '2026-03-02', '4', '2', 'LOADED', 'mes/2026-03-02/materials.csv', '2db637c691feed2520680090031ce532da68c9b2405bea37be854c89719ba796', '46', '1', '1', '0', '14590167363882995585', 'duckdb-hash-sum-1', null);
CREATE TABLE raw.raw_publication("publication" BIGINT, base BIGINT, data_set BIGINT, status VARCHAR, load_id VARCHAR, workflow_id VARCHAR, run_id VARCHAR, attempt INTEGER, code_version VARCHAR, models INTEGER, tests INTEGER, warnings INTEGER, build_seconds DOUBLE, failure VARCHAR, created_at TIMESTAMP, built_at TIMESTAMP, published_at TIMESTAMP);
insert into raw.raw_publication values
  ('1', null, '1', 'PUBLISHED', 'run-1::r', 'run-1', 'r', '1', '0.1.0', '1', '1', '0', '0.1', null, '2026-03-03 02:51:34.985', '2026-03-03 02:51:36.461', '2026-03-03 02:51:36.658'),
  ('2', '1', '2', 'PUBLISHED', 'run-2::r', 'run-2', 'r', '1', '0.1.0', '1', '1', '0', '0.1', null, '2026-03-03 02:51:37.487', '2026-03-03 02:51:38.642', '2026-03-03 02:51:38.774'),
  ('3', '2', '3', 'HELD', 'run-3::r', 'run-3', 'r', '1', '0.1.0', '1', '1', '0', '0.1', 'unique_materials: 2 rows', '2026-03-03 02:51:40.495', '2026-03-03 02:51:41.703', null),
  ('4', '2', '4', 'BUILDING', 'run-3::r', 'run-3', 'r', '1', '0.1.0', null, null, null, null, null, '2026-03-03 02:51:41.823', null, null);
CREATE TABLE raw.raw_published_load(data_set BIGINT, base_data_set BIGINT, table_name VARCHAR, logical_date DATE, load_seq BIGINT, load_id VARCHAR, "action" VARCHAR);
insert into raw.raw_published_load values
  ('1', null, 'materials', '2026-03-01', '1', 'run-1::r', 'ADDED'),
  ('2', '1', 'materials', '2026-03-02', '2', 'run-2::r', 'ADDED'),
  ('3', '2', 'materials', '2026-03-02', '4', 'run-3::r', 'ADDED'),
  ('4', '2', 'materials', '2026-03-02', '4', 'run-3::r', 'ADDED');
