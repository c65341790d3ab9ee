// Writes the pages of participants into a DuckDB table, or into a Parquet file:
//   node load.mjs PAGES INTO table|parquet
//
// The table is the one that Stagedoor writes: all columns with their types, the
// record as it came, and the key as primary key. Of the ways that were tried
// this is the fastest: each file is read as one JSON value, its rows are taken
// out as JSON, so that the record is there as it came, and json_transform makes
// the columns. Reading the rows as STRUCTs and writing them as JSON again took
// as long, and is not the record; -> and ->> for each column took longer. It has
// less to do than Stagedoor in two places: it marks a row without user_id by a
// hash without counting its equals (the pages have none), and it finds no
// fields that are new.
import { DuckDBInstance } from '@duckdb/node-api';

const [, , pages, into, form] = process.argv;
const began = performance.now();
const database = await DuckDBInstance.create(form === 'table' ? into : ':memory:');
const connection = await database.connect();

await connection.run(`CREATE TEMP TABLE meetings AS
  SELECT lower(hex(from_base64(m.meeting_uuid))) AS file, m.meeting_uuid, m.meeting_id::VARCHAR AS meeting_id,
    m.start_time AS meeting_start_time, m.topic AS meeting_topic, m.host_email
  FROM (SELECT unnest(history_meetings) AS m FROM read_json('${pages}/history/*.json', columns = {history_meetings:
    'STRUCT(meeting_uuid VARCHAR, meeting_id BIGINT, start_time TIMESTAMP, topic VARCHAR, host_email VARCHAR)[]'}))`);

const transform = JSON.stringify({
  user_id: 'VARCHAR', participant_user_id: 'VARCHAR', id: 'VARCHAR', name: 'VARCHAR', user_email: 'VARCHAR', registrant_id: 'VARCHAR',
  join_time: 'TIMESTAMP', leave_time: 'TIMESTAMP', duration: 'BIGINT', status: 'VARCHAR', bo_mtg_id: 'VARCHAR', customer_key: 'VARCHAR', failover: 'BOOLEAN',
});
const rows = `SELECT
    strftime(m.meeting_start_time, '%Y-%m-%d') || ':' || CASE WHEN p.user_id <> ''
      THEN concat_ws(':', p.user_id, m.meeting_uuid, strftime(p.join_time, '%Y-%m-%dT%H:%M:%SZ'), p.status, p.bo_mtg_id)
      ELSE md5(concat_ws('|', m.meeting_uuid, p.participant_user_id, p.id, p.name, p.user_email, p.registrant_id,
        p.join_time, p.leave_time, p.duration, p.status, p.bo_mtg_id, p.customer_key, p.failover)) || ':1' END AS _key,
    m.meeting_uuid, m.meeting_id, m.meeting_start_time, m.meeting_topic, m.host_email,
    p.user_id, p.participant_user_id, p.id, p.name, p.user_email, p.registrant_id, p.join_time, p.leave_time,
    p.duration, p.status, p.bo_mtg_id, p.customer_key, p.failover,
    '' AS _params, 'run' AS _run, now()::TIMESTAMP AS _pulled_at, NULL::TIMESTAMP AS _deleted_at, p._raw
  FROM (SELECT file, _raw, unnest(json_transform(_raw, '${transform}'))
    FROM (SELECT regexp_extract(parse_filename(filename), '^[0-9a-f]+') AS file, unnest(json_extract(json, '$.participants[*]')) AS _raw
      FROM read_json_objects('${pages}/participants/*.json', maximum_object_size = 33554432, filename = true))) AS p
  JOIN meetings AS m ON m.file = p.file`;

let count;
if (form === 'parquet') {
  const result = await connection.run(`COPY (${rows}) TO '${into}' (FORMAT parquet, COMPRESSION zstd)`);
  count = result.rowsChanged;
} else {
  await connection.run(`CREATE TABLE report_meeting_participants (_key VARCHAR PRIMARY KEY,
    meeting_uuid VARCHAR, meeting_id VARCHAR, meeting_start_time TIMESTAMP, meeting_topic VARCHAR, host_email VARCHAR,
    user_id VARCHAR, participant_user_id VARCHAR, id VARCHAR, name VARCHAR, user_email VARCHAR, registrant_id VARCHAR,
    join_time TIMESTAMP, leave_time TIMESTAMP, duration BIGINT, status VARCHAR, bo_mtg_id VARCHAR, customer_key VARCHAR, failover BOOLEAN,
    _params VARCHAR NOT NULL, _run VARCHAR NOT NULL, _pulled_at TIMESTAMP NOT NULL, _deleted_at TIMESTAMP, _raw VARCHAR NOT NULL)`);
  const result = await connection.run(`INSERT INTO report_meeting_participants ${rows}`);
  count = result.rowsChanged;
  await connection.run('CHECKPOINT');
}
connection.closeSync();
database.closeSync();
console.log(JSON.stringify({ seconds: (performance.now() - began) / 1000, rows: Number(count) }));
