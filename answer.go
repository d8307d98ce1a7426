package aiclient2api

import (
	"maps"
	"net/http"
	"strconv"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// errNoKey says that a request bears no client key that opens.
var errNoKey = &llm.Error{
	Status:  http.StatusUnauthorized,
	Type:    "invalid_request_error",
	Code:    "invalid_api_key",
	Message: "no valid API key: send one as 'Authorization: Bearer', 'x-api-key' or 'x-goog-api-key'",
}

// errForgery says that a page of another site sent a request that its browser
// did not ask us about.
var errForgery = &llm.Error{
	Status:  http.StatusForbidden,
	Code:    "cross_site_request",
	Message: "a page of another site must send 'Content-Type: application/json'",
}

// fail answers with an error of ours. It returns nil, what ServeHTTP returns.
func (c *call) fail(w http.ResponseWriter, e *llm.Error) error {
	if !c.wasRead {
		c.leave(w)
	}
	ours := *e
	ours.RequestID = c.RequestID
	write(w, e.Status, c.Client.AppendError(nil, &ours, false))
	return nil
}

// leave closes the connection after an answer that is given before the body
// was read, if the client waits to be asked for it or it is not worth reading:
// net/http would wait for the body before it sends the answer.
func (c *call) leave(w http.ResponseWriter) {
	r := c.Request
	if r.ProtoMajor == 1 && (r.Header.Get("Expect") != "" || r.ContentLength > unread || r.ContentLength < 0) {
		w.Header()["Connection"] = []string{"close"}
	}
}

// unread is how much of a body net/http reads for the sake of a connection.
const unread = 256 << 10

// report answers with the most telling failure of the attempts.
func (c *call) report(w http.ResponseWriter) {
	f := c.Failure
	body := f.Render(&c.Call)
	maps.Copy(w.Header(), f.Header)
	w.WriteHeader(f.Status)
	_, _ = w.Write(body)
}

// write answers with a JSON body.
func write(w http.ResponseWriter, status int, body []byte) {
	header := w.Header()
	header["Content-Type"] = []string{"application/json"}
	header["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// clip cuts what a client sent before it is repeated in a message.
func clip(s string) string { return llm.Clip(s, 128) }
