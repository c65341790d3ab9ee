// Package jsonl lays rows out as JSON Lines: an object a row, a row a line. Of
// the value types of JSON it uses each for what it is: integers and reals are
// numbers, booleans are true and false, times are text (RFC 3339 in UTC with
// three digits of a second's fraction), null is null.
//
// A JSON column holds its list or object itself, not text of it, so that readers
// see what is inside. What can not stand there exactly is text whose content is
// the JSON: a value that is text by itself (so that text always means this), and
// JSON that a strict reader would refuse the whole line for, such as a lone
// surrogate. Reals that JSON has no word for are the text NaN, Infinity and
// -Infinity.
//
// It knows no folders, manifests or keys; package folder does.
package jsonl
