package gateway

import "net/http"

// New returns the handler of everything below [Prefix].
func New(o Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotImplemented) })
}
