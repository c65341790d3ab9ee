package postgrestest

import (
	"net"
	"strconv"
	"sync"
	"testing"
)

// Fate is what becomes of a connection when something is sent to the server.
type Fate int

// The fates.
const (
	Pass   Fate = iota // nothing
	Before             // it is cut before the server gets it
	After              // it is cut when the server answers, before the answer comes
)

// Proxy stands before the server and loses connections.
type Proxy struct {
	cluster *Cluster
	port    int

	mu     sync.Mutex
	fate   func(sent []byte) Fate
	refuse bool
	open   map[net.Conn]bool
}

// Proxy starts a proxy, which ends with the test.
func (c *Cluster) Proxy(t testing.TB) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{cluster: c, port: l.Addr().(*net.TCPAddr).Port, open: map[net.Conn]bool{}}
	t.Cleanup(func() { _ = l.Close(); p.Cut() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(conn)
		}
	}()
	return p
}

// URL is Cluster.URL through the proxy. Nothing is encrypted, so that On sees
// what is sent.
func (p *Proxy) URL(role, database string, pairs ...string) string {
	through := Cluster{Port: p.port}
	return through.URL(role, database, append(pairs, "sslmode", "disable")...)
}

// On asks f about all that is sent to the server, in the pieces in which it comes.
func (p *Proxy) On(f func(sent []byte) Fate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fate = f
}

// Refuse cuts all connections, and new ones at once, until it is called with false.
func (p *Proxy) Refuse(refuse bool) {
	p.mu.Lock()
	p.refuse = refuse
	p.mu.Unlock()
	if refuse {
		p.Cut()
	}
}

// Cut cuts all connections that are open.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.open {
		cut(conn)
	}
}

// cut ends a connection with a reset, as a router does that has forgotten it.
func cut(conn net.Conn) {
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

func (p *Proxy) serve(client net.Conn) {
	p.mu.Lock()
	refuse := p.refuse
	p.open[client] = !refuse
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.open, client)
		p.mu.Unlock()
		cut(client)
	}()
	if refuse {
		return
	}
	server, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p.cluster.Port)))
	if err != nil {
		return
	}
	defer server.Close()
	muted := make(chan struct{})
	var once sync.Once
	go func() {
		buffer := make([]byte, 64<<10)
		for {
			n, err := server.Read(buffer)
			select {
			case <-muted:
				cut(client)
				return
			default:
			}
			if n > 0 {
				if _, err := client.Write(buffer[:n]); err != nil {
					return
				}
			}
			if err != nil {
				cut(client)
				return
			}
		}
	}()
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if n > 0 {
			p.mu.Lock()
			fate := Pass
			if p.fate != nil {
				fate = p.fate(buffer[:n])
			}
			p.mu.Unlock()
			switch fate {
			case Before:
				return
			case After:
				once.Do(func() { close(muted) })
			}
			if _, err := server.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
