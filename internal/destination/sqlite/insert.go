package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// insert is a statement that takes staged rows. The driver's own way costs more
// than SQLite's work on a row: for each value it looks for a name and has SQLite
// allocate a copy, and it gives SQLite no other. So the statement is the
// driver's, in the driver's transaction, and the values are bound and the
// statement stepped through the library below it, which is exported
// (modernc.org/sqlite/lib). Only the two handles are not; they are read by
// reflection, and TestTheDriverHasItsHandles tells when a new version of it
// names them in another way.
type insert struct {
	tls       *libc.TLS
	db, query uintptr
	close     func() error

	columns int
	// memory is SQLite's own, for the bytes of rows, one after another. A value
	// that is the same as in the row before (the meeting that all these people
	// were in) need not be bound again, as long as those bytes stand.
	memory uintptr
	size   int
	used   int
	bound  []span // of the memory, by parameter; a size of -1 is bound to nothing
}

// span is a value as it is staged.
type span struct{ at, size int }

// justKeys is the number of columns of a statement that takes keys alone, without
// a raw record.
const justKeys = -1

// begin prepares the statement on a connection. Its first parameters are the key,
// the columns and the raw record, as they are staged; rest are the values of those
// that follow, for all rows.
func begin(ctx context.Context, connection any, query string, columns int, rest ...string) (*insert, error) {
	preparer, ok := connection.(driver.ConnPrepareContext)
	if !ok {
		return nil, errors.New("the driver of SQLite prepares no statements")
	}
	statement, err := preparer.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	i := &insert{columns: columns, close: statement.Close, bound: make([]span, columns+1)}
	i.forget()
	if err := i.handles(connection, statement); err != nil {
		return nil, errors.Join(err, statement.Close())
	}
	for n, text := range rest {
		// SQLite copies these: they are bound once.
		if err := i.room(len(text)); err != nil {
			return nil, errors.Join(err, i.end())
		}
		copy(i.bytes(), text)
		if err := i.check(lib.Xsqlite3_bind_text(i.tls, i.query, int32(columns+3+n), i.memory, int32(len(text)), lib.SQLITE_TRANSIENT)); err != nil {
			return nil, errors.Join(err, i.end())
		}
	}
	return i, nil
}

func (i *insert) handles(connection any, statement driver.Stmt) error {
	c, s := reflect.ValueOf(connection), reflect.ValueOf(statement)
	if c.Kind() == reflect.Pointer && s.Kind() == reflect.Pointer && c.Elem().Kind() == reflect.Struct && s.Elem().Kind() == reflect.Struct {
		tls, db, query := c.Elem().FieldByName("tls"), c.Elem().FieldByName("db"), s.Elem().FieldByName("pstmt")
		if tls.IsValid() && tls.Type() == reflect.TypeFor[*libc.TLS]() && db.IsValid() && db.Kind() == reflect.Uintptr && query.IsValid() && query.Kind() == reflect.Uintptr {
			i.tls, i.db, i.query = (*libc.TLS)(tls.UnsafePointer()), uintptr(db.Uint()), uintptr(query.Uint())
		}
	}
	if i.tls == nil || i.db == 0 || i.query == 0 {
		return errors.New("the driver of SQLite keeps its handles in another way than the version that this was written for")
	}
	return nil
}

// row inserts one staged row.
func (i *insert) row(line []byte) error {
	if err := i.room(len(line)); err != nil {
		return err
	}
	memory := i.bytes()
	here := i.used
	i.used += copy(memory[here:], line)
	length, at := binary.Uvarint(line)
	if rc := lib.Xsqlite3_bind_text(i.tls, i.query, 1, i.memory+uintptr(here+at), int32(length), lib.SQLITE_STATIC); rc != lib.SQLITE_OK {
		return i.check(rc)
	}
	at += int(length)
	for n := range i.bound {
		value, head := valueAt(line[at:])
		former := i.bound[n]
		if former.size != len(value) || string(memory[former.at:former.at+former.size]) != string(value) {
			if rc := i.bind(int32(n+2), value, head, i.memory+uintptr(here+at+head)); rc != lib.SQLITE_OK {
				return i.check(rc)
			}
			i.bound[n] = span{here + at, len(value)}
		}
		at += len(value)
	}
	if rc := lib.Xsqlite3_step(i.tls, i.query); rc != lib.SQLITE_DONE {
		err := i.check(rc)
		lib.Xsqlite3_reset(i.tls, i.query) // it says the same again
		return err
	}
	return i.check(lib.Xsqlite3_reset(i.tls, i.query))
}

// valueAt returns the staged value that the line begins with, and how many of
// its bytes come before its content.
func valueAt(line []byte) (value []byte, head int) {
	switch line[0] {
	case isNull:
		return line[:1], 1
	case isInteger, isReal:
		return line[:9], 1
	}
	length, n := binary.Uvarint(line[1:])
	return line[:1+n+int(length)], 1 + n
}

func (i *insert) bind(parameter int32, value []byte, head int, content uintptr) int32 {
	switch value[0] {
	case isNull:
		return lib.Xsqlite3_bind_null(i.tls, i.query, parameter)
	case isInteger:
		return lib.Xsqlite3_bind_int64(i.tls, i.query, parameter, int64(binary.LittleEndian.Uint64(value[head:])))
	case isReal:
		return lib.Xsqlite3_bind_double(i.tls, i.query, parameter, math.Float64frombits(binary.LittleEndian.Uint64(value[head:])))
	case isText:
		return lib.Xsqlite3_bind_text(i.tls, i.query, parameter, content, int32(len(value)-head), lib.SQLITE_STATIC)
	}
	return lib.Xsqlite3_bind_blob(i.tls, i.query, parameter, content, int32(len(value)-head), lib.SQLITE_STATIC)
}

// room makes the memory take so many bytes more, and one, since SQLite takes a
// null pointer for a null.
func (i *insert) room(bytes int) error {
	if i.used+bytes < i.size {
		return nil
	}
	i.forget()
	if bytes < i.size {
		return nil
	}
	size := max(2*i.size, bytes+1, 256<<10)
	memory := lib.Xsqlite3_realloc64(i.tls, i.memory, uint64(size))
	if memory == 0 {
		return i.check(lib.SQLITE_NOMEM)
	}
	i.memory, i.size = memory, size
	return nil
}

// forget has the next row bind all of its values, from the start of the memory.
func (i *insert) forget() {
	i.used = 0
	for n := range i.bound {
		i.bound[n] = span{0, -1}
	}
}

func (i *insert) bytes() []byte {
	// The address is of memory that Go's collector does not know and so does
	// not move or free.
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&i.memory)), i.size)
}

// end closes the statement, and then frees what it may still point to.
func (i *insert) end() error {
	err := i.close()
	lib.Xsqlite3_free(i.tls, i.memory)
	i.memory, i.size = 0, 0
	return err
}

func (i *insert) check(rc int32) error {
	if rc == lib.SQLITE_OK {
		return nil
	}
	return &refusal{code: int(rc), text: libc.GoString(lib.Xsqlite3_errmsg(i.tls, i.db))}
}

// refusal is an error of SQLite, as the driver's own type is, which only the
// driver can make.
type refusal struct {
	code int
	text string
}

func (r *refusal) Error() string { return fmt.Sprintf("%s (%d)", r.text, r.code) }

// Code is SQLite's result code, extended where it has one.
func (r *refusal) Code() int { return r.code }

// move inserts all staged rows, and tells how many.
func (s *stage) move(ctx context.Context, conn *sql.Conn, query string, columns int, rest ...string) (int, error) {
	moved := 0
	err := conn.Raw(func(connection any) error {
		into, err := begin(ctx, connection, query, columns, rest...)
		if err != nil {
			return err
		}
		err = s.each(func(line []byte) error {
			if moved%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			moved++
			return into.row(line)
		})
		return errors.Join(err, into.end())
	})
	return moved, err
}
