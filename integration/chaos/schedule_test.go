package chaos

import (
	"fmt"
	"net"
)

// next returns what is done to the next request, and makes the mock refuse
// connections if it is its turn to.
func (m *mock) next() (f *fault, turn int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	take := func() *fault {
		m.asked++
		return m.faults[(m.asked-1)%len(m.faults)]
	}
	for f = take(); f.serve == nil; f = take() { // it comes first, and the request is here already
	}
	turn = m.asked
	for m.faults[m.asked%len(m.faults)].serve == nil {
		m.ledger.count(take().name)
		m.refuse()
	}
	return f, turn
}

// refuseFor is how long a mock refuses connections, in requests of the clients.
const refuseFor = 25

func (m *mock) refuse() {
	if m.listener == nil || m.stopped {
		return
	}
	m.listener.Close()
	m.listener, m.reopen = nil, m.ledger.clock()+refuseFor
	for l := range m.lines {
		if l.idle {
			l.closed = true
			l.Close()
		}
	}
}

// tick makes a mock listen again that has refused for long enough.
func (m *mock) tick(now int) error {
	m.mu.Lock()
	due := m.listener == nil && !m.stopped && now >= m.reopen
	if due {
		m.reopen = now + 1 // if the port is taken for the moment
	}
	m.mu.Unlock()
	if !due {
		return nil
	}
	l, err := net.Listen("tcp", m.address)
	if err != nil {
		if now == forever {
			return fmt.Errorf("listening again: %w", err)
		}
		return nil
	}
	m.accept(l)
	return nil
}

// forever is later than all requests.
const forever = 1 << 40

// closeIdle closes the connections that are idle, as balancers do.
func (m *mock) closeIdle() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for l := range m.lines {
		if l.idle && l.served > 0 && !m.calm {
			l.closed = true
			l.Close()
			m.ledger.count("idle connection closed")
		}
	}
}
