//go:build !unix

package postgrestest

import (
	"errors"
	"syscall"
)

func unprivileged(...string) (*syscall.SysProcAttr, error) {
	return nil, errors.New("no server is started on this system")
}
