package stagedoor

import "time"

// The stages of a [Way], in their order.
const (
	StageHost  = "host"  // may the credential go there, by the host's name?
	StageDNS   = "dns"   // the name, of the host or of the proxy
	StageTCP   = "tcp"   // a connection, to the host or to the proxy
	StageProxy = "proxy" // the proxy lets us through
	StageTLS   = "tls"   // who answers is who it should be
)

// Way is how far one comes on the way to a host, up to the point where a request
// would be sent. It holds no secret: a proxy's
// user name and password are left out.
type Way struct {
	Host     string // HOST:PORT
	Scheme   string
	Proxy    string // HOST:PORT of the proxy, and the variable that names it; empty: none
	Variable string

	Stage   string                   // the last one that was tried
	Err     error                    // why it failed; nil if every stage went well
	Took    map[string]time.Duration // by stage
	Address string                   // the IP address that was connected to

	TLSVersion  string // "TLS 1.3"; empty over plain http
	Names       string // the names that the certificate is for
	Issuer      string // who signed the end of the chain that was sent
	Expires     time.Time
	OwnCA       bool // trusted by --ca-file alone: the system does not know who signed
	Intercepted bool // OwnCA, and the host is one of the provider's own
}
