package exchange

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
)

// decode undoes a compression that was not asked for.
func decode(res *http.Response) error {
	coding := res.Header.Get("Content-Encoding")
	switch coding {
	case "", "identity":
		return nil
	case "gzip", "x-gzip":
		res.Body = &gunzip{ReadCloser: res.Body}
		res.ContentLength = -1
		return nil
	default:
		return fmt.Errorf("it answered in the content encoding %q, which was not asked for", coding)
	}
}

// gunzip decompresses as it is read; the header of the compressed stream is
// not waited for before the first read.
type gunzip struct {
	io.ReadCloser
	z *gzip.Reader
}

// Read decompresses.
func (g *gunzip) Read(p []byte) (int, error) {
	if g.z == nil {
		z, err := gzip.NewReader(g.ReadCloser)
		if err != nil {
			return 0, err
		}
		g.z = z
	}
	return g.z.Read(p)
}

// mask overwrites a credential wherever it stands in b. One of a few bytes
// would be found in texts that do not tell it.
func mask(b, secret []byte) {
	for len(secret) >= 8 {
		at := bytes.Index(b, secret)
		if at < 0 {
			return
		}
		for i := range secret {
			b[at+i] = '*'
		}
		b = b[at+len(secret):]
	}
}
