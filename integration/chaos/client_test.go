package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// clients are the HTTP clients, by way of connecting.
type clients [ways]*http.Client

func newClients() *clients {
	var c clients
	for way := range c {
		t := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}
		switch way {
		case 1:
			t.DisableKeepAlives = true
		case 2:
			t.Protocols = new(http.Protocols)
			t.Protocols.SetUnencryptedHTTP2(true)
		}
		c[way] = &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return &c
}

func (c *clients) close() {
	for _, client := range c {
		client.CloseIdleConnections()
	}
}

// giveUp is when a client takes an answer for lost.
const giveUp = 2 * longestWait

// ask makes a request at a site and reads the answer as far as the client
// wants it.
func (c *clients) ask(q *request, url, key string, ledger *ledger) *outcome {
	ctx, cancel := context.WithTimeout(context.Background(), giveUp)
	defer cancel()
	o := new(outcome)
	var asked <-chan struct{}
	if q.leaves == early {
		asked = ledger.asked(q.token)
		done := make(chan struct{})
		watched := make(chan struct{})
		defer func() { close(done); <-watched }()
		go func() {
			defer close(watched)
			select {
			case <-asked:
				cancel()
			case <-done:
			}
		}()
	}
	start := time.Now()
	defer func() { o.took = time.Since(start) }()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+q.client.path, strings.NewReader(q.body()))
	if err != nil {
		o.err = err
		return o
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Chaos-Token", q.token)
	if q.client == messagesClient {
		r.Header.Set("X-Api-Key", key)
		r.Header.Set("Anthropic-Version", "2023-06-01")
	} else {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	res, err := c[q.way].Do(r)
	if err != nil {
		o.err = err
		o.left = q.leaves == early && errors.Is(err, context.Canceled)
		return o
	}
	defer res.Body.Close()
	o.status, o.header = res.StatusCode, res.Header
	limit := -1
	if q.leaves == amid && o.status == http.StatusOK {
		limit = 0
		if q.stream {
			limit = q.events
		}
	}
	var body []byte
	body, o.left, o.err = readEvents(res.Body, limit)
	o.body = string(body)
	o.left = o.left || q.leaves == early && errors.Is(o.err, context.Canceled)
	for name, values := range res.Trailer {
		o.header["Trailer "+name] = values
	}
	return o
}

// readEvents reads to the end, or until so many events have come, if events is
// not negative.
func readEvents(from io.Reader, events int) (body []byte, left bool, err error) {
	body = make([]byte, 0, 4<<10)
	for {
		if events >= 0 && bytes.Count(body, []byte("\n\n")) >= events {
			return body, true, nil
		}
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case errors.Is(err, io.EOF):
			return body, false, nil
		case err != nil:
			return body, false, err
		}
	}
}

// tells returns where an outcome tells a secret, "" if it does not.
func (o *outcome) tells() string {
	if at := strings.Index(o.body, secret); at >= 0 {
		return fmt.Sprintf("the body of an answer: %q", around(o.body, at))
	}
	for name, values := range o.header {
		if strings.Contains(name+strings.Join(values, " "), secret) {
			return fmt.Sprintf("the header %s: %q", name, values)
		}
	}
	return ""
}

// around is the part of a text around a place.
func around(s string, at int) string { return s[max(0, at-150):min(len(s), at+150)] }
