package server

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"os"
	"sync"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"github.com/stagedoor/stagedoor"
)

// tlsConfig is what connections are secured with; nil: they are not.
func (o *Options) tlsConfig() (*tls.Config, error) {
	switch {
	case o.ACME != nil:
		manager := &autocert.Manager{
			Prompt: autocert.AcceptTOS, Cache: o.ACME.Cache, HostPolicy: autocert.HostWhitelist(o.ACME.Hosts...), Email: o.ACME.Email,
			Client: &acme.Client{DirectoryURL: o.ACME.Directory, HTTPClient: o.ACME.HTTP, UserAgent: "stagedoor"},
		}
		if o.ACME.Directory == "" {
			manager.Client.DirectoryURL = autocert.DefaultACMEDirectory
		}
		config := manager.TLSConfig()
		config.MinVersion = tls.VersionTLS12
		config.GetCertificate = loggedCertificate(manager.GetCertificate, o.Log)
		return config, nil
	case o.CertFile != "":
		files := &certFiles{cert: o.CertFile, key: o.KeyFile, log: o.Log}
		if err := files.load(); err != nil {
			return nil, err
		}
		return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: files.certificate}, nil
	}
	return nil, nil
}

// loggedCertificate tells why there is no certificate: who connects learns only
// that the handshake failed.
func loggedCertificate(get func(*tls.ClientHelloInfo) (*tls.Certificate, error), log *slog.Logger) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		certificate, err := get(hello)
		if err != nil {
			log.Warn("no certificate", "name", stagedoor.Outside(hello.ServerName, 100), "error", err)
		}
		return certificate, err
	}
}

// certFiles is a certificate and its key in files. They are looked at with every
// handshake, so that what an agent renews is in force with the next connection.
type certFiles struct {
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex // guards what follows
	held    *tls.Certificate
	written [2]stamp // of the files that were looked at last
}

// stamp tells a file from its successor.
type stamp struct{ size, modified int64 }

func (f *certFiles) stamps() ([2]stamp, error) {
	var stamps [2]stamp
	var errs []error
	for i, name := range []string{f.cert, f.key} {
		info, err := os.Stat(name)
		if err != nil {
			errs = append(errs, err)
			continue // no stamp: it is looked at again when it is back
		}
		stamps[i] = stamp{info.Size(), info.ModTime().UnixNano()}
	}
	return stamps, errors.Join(errs...)
}

// load reads the files; called for the first time, its error is the user's.
func (f *certFiles) load() error {
	stamps, err := f.stamps()
	var pair tls.Certificate
	f.written = stamps
	if err == nil {
		pair, err = tls.LoadX509KeyPair(f.cert, f.key)
	}
	if err != nil {
		return &stagedoor.Error{
			Op: opServe, Subject: "--tls-cert " + f.cert + " --tls-key " + f.key, Kind: stagedoor.KindUsage, Err: err,
			Cause: "they are no certificate with its key: " + err.Error(),
			Fix:   "Give the certificate with its chain, and the key of it, as PEM files that this user may read.",
		}
	}
	f.held = &pair
	return nil
}

// certificate returns the newest that works. An agent writes two files one after
// the other: what does not fit yet is tried again when it has changed.
func (f *certFiles) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	stamps, _ := f.stamps()
	if stamps == f.written {
		return f.held, nil
	}
	if err := f.load(); err == nil {
		f.log.Info("the certificate was read again", "file", f.cert)
	} else { // once, and not with every handshake
		f.log.Warn("the certificate could not be read again; the former stays", "file", f.cert, "error", err)
	}
	return f.held, nil
}
