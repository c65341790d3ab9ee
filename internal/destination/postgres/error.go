package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/stagedoor/stagedoor"
)

// SQLSTATE codes. Source: postgresql.org/docs/current/errcodes-appendix.html, read 2026-11.
const (
	codeDenied   = "42501"
	codeNoTable  = "42P01"
	codeNoSchema = "3F000"
)

func codeOf(err error) string {
	if said, ok := errors.AsType[*pgconn.PgError](err); ok {
		return said.Code
	}
	return ""
}

func changed(tag pgconn.CommandTag, err error) (int, error) {
	return int(tag.RowsAffected()), err
}

// isServers reports whether the server itself answered with the error, so that
// what it says of the transaction is sure: an error at COMMIT means that it was
// rolled back, except where the server itself goes down.
func isServers(err error) bool {
	said, ok := errors.AsType[*pgconn.PgError](err)
	return ok && !strings.HasPrefix(said.Code, "57P") && !strings.HasPrefix(said.Code, "08")
}

// passes reports whether the same may work a moment later.
func passes(err error) bool {
	if _, ok := errors.AsType[*stagedoor.Error](err); ok || errors.Is(err, errSpool) {
		return false
	}
	if said, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch said.Code {
		case "40001", "40P01", // another transaction was in the way
			"53300",                   // too many connections
			"57P01", "57P02", "57P03": // the server goes down, or comes up
			return true
		}
		return strings.HasPrefix(said.Code, "08")
	}
	if isTLS(err) {
		return false
	}
	return isNetwork(err)
}

func isNetwork(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, pgconn.ErrConnClosed) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNREFUSED)
}

func isTLS(err error) bool {
	_, verify := errors.AsType[*tls.CertificateVerificationError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, host := errors.AsType[x509.HostnameError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	// A server without TLS refuses it each time; what the connection without came to
	// stands beside that, and counts.
	refused := err != nil && strings.Contains(err.Error(), "refused TLS") && !isNetwork(err)
	return verify || authority || host || record || refused
}

func (d *Destination) readOnly(op string) error {
	return &stagedoor.Error{
		Op: op, Subject: d.name, Kind: stagedoor.KindDestination,
		Cause: "the server takes no writes: it is a standby, or the database or role is set to read only",
		Fix:   "Give the address of the primary server; with several hosts in the URL, add target_session_attrs=read-write.",
	}
}

// denied is the error of a right that is missing; statement gives it.
func (d *Destination) denied(op, cause, statement string) error {
	return &stagedoor.Error{
		Op: op, Subject: d.name, Kind: stagedoor.KindDestination, Cause: cause,
		Fix: "Let somebody who may run: " + statement,
	}
}

// explain tells a person what PostgreSQL, or the way to it, said. An error that
// is explained already gets the destination as its subject; nil stays nil.
func (d *Destination) explain(op string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*stagedoor.Error](err); ok {
		if e.Subject == "" {
			e.Subject = d.name
		}
		return e
	}
	e := &stagedoor.Error{Op: op, Subject: d.name, Kind: stagedoor.KindDestination}
	said, fromServer := errors.AsType[*pgconn.PgError](err)
	switch {
	case errors.Is(err, context.Canceled):
		e.Kind, e.Err = stagedoor.KindInterrupted, context.Canceled
		e.Cause, e.Fix = "it was stopped before the slice was written", "Run the command again: it goes on after the last slice that was written."
	case errors.Is(err, errSpool):
		d.explainSpool(e, err)
	case fromServer:
		e.Err = said
		d.explainServer(e, said)
	case isTLS(err):
		e.Cause, e.Fix = "no trusted TLS connection came about: "+plain(err),
			"Give the server's authority with sslrootcert=FILE and the name that its certificate has; sslmode=require encrypts without checking whose server it is."
	default:
		d.explainNetwork(e, err)
	}
	if _, lost := errors.AsType[*doubt](err); lost {
		e.Cause = "the connection was lost while the slice was being committed, and the server could not be asked in time, so it is not known whether the slice is there: " + e.Cause
		e.Fix = "When the server is back, run the command again: it looks what is there, and nothing is doubled."
	}
	return e
}

func (d *Destination) explainServer(e *stagedoor.Error, said *pgconn.PgError) {
	role, database := d.server.role, d.server.database
	switch said.Code {
	case "28P01":
		e.Cause, e.Fix = "the server refused the password of the role "+role, "Put the right one into the URL; characters such as @ : / # % are written %40 %3A %2F %23 %25."
	case "28000":
		e.Cause, e.Fix = "the server refused the role "+role+": "+said.Message, "Use a role that exists and may sign in (CREATE ROLE … LOGIN), and let pg_hba.conf admit it from this address."
		if strings.Contains(said.Message, "no encryption") {
			e.Cause, e.Fix = "the server takes this role from here only with TLS, or not at all: "+said.Message, "Add sslmode=require (or verify-full) to the URL, or let pg_hba.conf admit the role from this address."
		}
	case "3D000":
		e.Cause, e.Fix = "there is no database "+database+" on this server", "Make it: CREATE DATABASE "+quote(database)+" ENCODING 'UTF8' TEMPLATE template0;"
	case "53300":
		e.Cause, e.Fix = "the server has no connection left for this role: "+said.Message, "End other sessions, or raise max_connections (or the role's or database's CONNECTION LIMIT). A run uses up to four; pool_max_conns=1 in the URL makes that one."
	case "53100":
		e.Cause, e.Fix = "the server's disk is full: "+said.Message, "Free some space on the server, then run the command again; nothing was half written."
	case "53200":
		e.Cause, e.Fix = "the server is out of memory: "+said.Message, "Look at the server's log, then run the command again; nothing was half written."
	case "25006":
		e.Cause, e.Fix = unpack(d.readOnly(e.Op))
	case codeDenied:
		e.Cause = "the role " + role + " may not do this: " + said.Message
		e.Fix = "Let somebody who may run: GRANT USAGE, CREATE ON SCHEMA " + quote(d.schema) + " TO " + quote(role) +
			"; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA " + quote(d.schema) + " TO " + quote(role) + ";"
	case "55P03":
		e.Cause, e.Fix = fmt.Sprintf("another session kept the table locked for %s", d.lockPatience), "See which with SELECT pid, query FROM pg_stat_activity WHERE state <> 'idle'; end it or wait for it, and run the command again."
	case "40001", "40P01":
		e.Cause, e.Fix = "other sessions kept writing the same rows: "+said.Message, "Run the command again when they are done; nothing was half written."
	case "57014":
		e.Cause, e.Fix = "the server stopped a statement: "+said.Message, "If it is the role's statement_timeout, lift it: ALTER ROLE "+quote(role)+" SET statement_timeout = 0; then run the command again."
	case "57P01", "57P02", "57P03":
		e.Cause, e.Fix = "the server is going down or not up yet: "+said.Message, "Run the command again when it is up; nothing was half written."
	case codeNoTable, codeNoSchema:
		e.Cause, e.Fix = "what was there when the run began is gone: "+said.Message, "Run the command again; it makes what is missing."
	case "23502", "23503", "23505", "23514", "23P01", "P0001":
		e.Cause, e.Fix = "a rule that somebody added to the table refused a row: "+said.Message, "Drop the constraint, index or trigger, then run the command again."
	default:
		e.Cause, e.Fix = fmt.Sprintf("PostgreSQL answered with an error: %s (SQLSTATE %s)", said.Message, said.Code), "Look at the server's log, then run the command again; nothing was half written."
	}
}

func unpack(err error) (cause, fix string) {
	e, _ := errors.AsType[*stagedoor.Error](err)
	return e.Cause, e.Fix
}

func (d *Destination) explainNetwork(e *stagedoor.Error, err error) {
	var name *net.DNSError
	switch {
	case errors.As(err, &name):
		e.Cause, e.Fix = "no address was found for the host "+name.Name, "Correct the host in the URL, or look at this machine's name servers."
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Cause, e.Fix = "nothing listens at that host and port", "Start the server, or correct host and port in the URL. In a container localhost is the container itself."
	case errors.Is(err, fs.ErrNotExist):
		e.Cause, e.Fix = "there is no server's socket at that path", "Start the server, or correct host= in the URL."
	case errors.Is(err, context.DeadlineExceeded) || pgconn.Timeout(err):
		e.Cause, e.Fix = "the server did not answer in time", "Look whether a firewall is between here and there; connect_timeout=SECONDS in the URL waits longer."
	case isNetwork(err):
		e.Cause, e.Fix = "the connection to the server was lost: "+plain(err), "Run the command again: it goes on after the last slice that was written."
	default:
		e.Kind = stagedoor.KindDestination
		e.Cause, e.Fix = "it could not be written: "+plain(err), "Run the command again, or choose another place."
	}
}

func (d *Destination) explainSpool(e *stagedoor.Error, err error) {
	folder := os.TempDir()
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.Cause, e.Fix = "the disk of the folder for temporary files ("+folder+") is full", "Free some space there, or set TMPDIR to a folder on another disk; nothing was half written."
	case errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOTDIR):
		e.Cause, e.Fix = "rows are kept in a temporary file until they are sent, and "+folder+" may not be written", "Give it a folder: docker run --tmpfs /tmp, a volume of the kind emptyDir, or TMPDIR=FOLDER."
	default:
		e.Cause, e.Fix = "the temporary file in "+folder+" could not be used: "+plain(err), "Look at the disk, or set TMPDIR to another folder."
	}
}

// plain is an error's text in one line. Those of the driver hold role, database
// and addresses, never a password.
func plain(err error) string {
	if failed, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		err = failed.Unwrap()
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}
