// Package csv lays rows out as RFC 4180 says: a header with the columns' names,
// then a line a row, each ended with CR LF; a field with a comma, a quotation
// mark or a line's end in it stands between quotation marks, and line ends inside
// are left as they are. Null is an empty field, empty text is "" between
// quotation marks (as PostgreSQL's COPY writes and reads it). Times are RFC 3339
// in UTC with three digits of a second's fraction.
//
// Values are data, exactly: a text that begins with = is written as it is, and
// nothing is put before it. A spreadsheet may take such a field for a formula;
// import the column as text there.
//
// The standard library's encoding/csv is not used: it writes null and empty text
// alike, and reads CR LF inside a field as LF.
// Source: www.rfc-editor.org/rfc/rfc4180, section 2, read 2026-11.
package csv
