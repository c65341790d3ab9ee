package parquet

import (
	"slices"

	"github.com/parquet-go/parquet-go"

	"github.com/stagedoor/stagedoor"
)

// ordered is a group whose fields stand in the order of the columns; the
// library's own sorts them by name.
type ordered struct {
	parquet.Group
	names []string
}

// Fields returns the fields in the order of the columns.
func (o ordered) Fields() []parquet.Field {
	fields := o.Group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int {
		return slices.Index(o.names, a.Name()) - slices.Index(o.names, b.Name())
	})
	return fields
}

func schemaOf(columns []stagedoor.Column) *parquet.Schema {
	o := ordered{Group: parquet.Group{}}
	for i, c := range columns {
		node := nodeOf(c.Type)
		if i > 0 {
			node = parquet.Optional(node)
		}
		o.Group[c.Name] = node
		o.names = append(o.names, c.Name)
	}
	return parquet.NewSchema("row", o)
}

func nodeOf(t stagedoor.ColumnType) parquet.Node {
	switch t {
	case stagedoor.Integer:
		return parquet.Int(64)
	case stagedoor.Real:
		return parquet.Leaf(parquet.DoubleType)
	case stagedoor.Boolean:
		return parquet.Leaf(parquet.BooleanType)
	case stagedoor.Timestamp:
		return parquet.Timestamp(parquet.Microsecond)
	}
	return parquet.String()
}
