// Package parquet lays rows out as Apache Parquet, typed: integers are INT64,
// reals DOUBLE, booleans BOOLEAN, times TIMESTAMP (microseconds, adjusted to
// UTC), text and JSON are STRING. JSON is not annotated as such, since several
// readers then give bytes. Every column but the key may be null. The rows are
// sorted by the key, which the file says, so that readers skip what they do not
// want; pages are compressed with Snappy.
//
// It knows no folders or manifests; package folder does.
package parquet
