package postgres

import (
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/stagedoor/stagedoor"
)

const (
	// connections is how many one run uses at most, unless the URL's
	// pool_max_conns says otherwise: they are needed for commits only.
	connections = 4
	// dialPatience is how long a server may take to answer, unless the URL's
	// connect_timeout says otherwise.
	dialPatience = 10 * time.Second
)

// parse reads a URL. No error repeats it, since it may hold a password.
func parse(text string) (config *pgxpool.Config, schema string, err error) {
	const form = "Write postgres://USER@HOST:5432/DATABASE?schema=zoom. In a user name or password, characters such as @ : / # % are written %40 %3A %2F %23 %25."
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" {
		return nil, "", refuse("it is not a URL that can be read", form)
	}
	// A / in a password ends the host before its time, and what is left of the
	// password would be the database's name, which messages show.
	if strings.Contains(u.EscapedPath(), "@") {
		return nil, "", refuse("an @ stands where the database's name should be", form)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, "", refuse("what stands behind its ? can not be read", form)
	}
	schema = "public"
	if list, given := query["schema"]; given {
		schema = list[0]
		if len(list) > 1 {
			return nil, "", refuse("it names two schemas", "Give schema= once.")
		}
	}
	query.Del("schema")
	lower := strings.ToLower(schema)
	switch {
	case schema == "" || len(schema) > nameLimit || strings.ContainsRune(schema, 0):
		return nil, "", refuse("schema= stands without a name that PostgreSQL takes", "Give it a name of 1 to 63 bytes, or leave it out for public.")
	case strings.HasPrefix(lower, "pg_") || lower == "information_schema":
		return nil, "", refuse("the schema "+schema+" is PostgreSQL's own", "Choose another, for example schema=zoom.")
	}
	pooled := query.Has("pool_max_conns")
	if !query.Has("connect_timeout") {
		query.Set("connect_timeout", strconv.Itoa(int(dialPatience/time.Second)))
	}
	if !query.Has("application_name") {
		query.Set("application_name", "stagedoor")
	}
	u.RawQuery = query.Encode()
	config, err = pgxpool.ParseConfig(u.String())
	if err != nil {
		return nil, "", refuse("PostgreSQL's rules for URLs refuse it: "+reason(err, u), form+" sslmode is disable, prefer, require, verify-ca or verify-full.")
	}
	if !pooled {
		config.MaxConns = connections
	}
	// Nothing is prepared on the server, so that PgBouncer may give each
	// transaction another connection.
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.ConnConfig.StatementCacheCapacity = 0
	config.ConnConfig.DescriptionCacheCapacity = 0
	return config, schema, nil
}

// reason is what the driver finds wrong, without the URL that it quotes.
func reason(err error, u *url.URL) string {
	text := err.Error()
	if at := strings.LastIndex(text, "`: "); at >= 0 {
		text = text[at+3:]
	}
	password, _ := u.User.Password()
	for _, secret := range []string{password, u.Query().Get("password"), u.Query().Get("sslpassword"), "://"} {
		if secret != "" && strings.Contains(text, secret) {
			return "a parameter has a value that it can not have"
		}
	}
	return text
}

// nameOf is what messages and receipts call the place: neither user nor password.
func nameOf(config *pgx.ConnConfig, schema string) string {
	query := url.Values{}
	u := url.URL{Scheme: "postgres", Path: "/" + config.Database}
	if strings.HasPrefix(config.Host, "/") {
		query.Set("host", config.Host)
	} else {
		u.Host = net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port)))
	}
	query.Set("schema", schema)
	u.RawQuery = strings.ReplaceAll(query.Encode(), "%2F", "/")
	return u.String()
}

func refuse(cause, fix string) error {
	return &stagedoor.Error{Op: "open the destination", Subject: "--into", Kind: stagedoor.KindUsage, Cause: cause, Fix: fix}
}
