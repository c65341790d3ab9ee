//go:build !unix

package destinationtest

import "testing"

const filesCanBeLimited = false

func limitFiles(t *testing.T, _ uint64) { t.Fatal("this system limits no files") }

func becomeNobody(t *testing.T) { t.Fatal("this system has no nobody") }
