//go:build !linux

package postgres

import "testing"

const canMount = false

func mountSmall(*testing.T, string) (unmount func()) { return func() {} }
